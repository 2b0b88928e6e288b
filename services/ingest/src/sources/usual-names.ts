import { indianNames } from './indian-names.ts';
import { namesIn, type FieldNames } from './read-fields.ts';

/** Names of a lead's fields on websites, in automations and spreadsheets; case and separators make no difference. */
export const usualNames: FieldNames = {
  // Not a bare `id`: many tables and forms number their own rows from 1 under it.
  sourceLeadId: namesIn(`
    sourceLeadId, lead_id, leadgen_id, enquiry_id, inquiry_id, query_id, submission_id, entry_id, response_id, external_id,
    unique_query_id, unique_id, rfi_id, inq_id, enq_id
  `),
  name: [
    ...namesIn(`
      name, full_name, customer_name, contact_person, contact_name, your_name, first_name + last_name, first + last,
      name_first + name_last, first_name + surname, given_name + family_name, fname + lname,
      name_first_name + name_last_name, customer_first_name + customer_last_name, lead_first_name + lead_last_name,
      contact_first_name + contact_last_name, user_first_name + user_last_name, names, sender_name, buyer_name,
      client_name, lead_name, user_name, person_name, contact_person_name, visitor_name, caller_name, applicant_name,
      enq_name, profile_name, traits_name
    `),
    ...indianNames.name,
    ...namesIn('company, company_name, business_name'),
  ],
  phone: [
    ...namesIn(`
      phone, mobile, mobile_number, phone_number, contact_number, whatsapp, whatsapp_number, tel, telephone, mobile_no,
      phone_no, contact_no, contact, your_phone, your_mobile, cell, msisdn, sender_mobile, mobile_1, mobile_2, phone_1,
      phone_2, mobile_phone, phones, mobiles, cell_phone, mob, mob_no, mob_number, ph, ph_no, whatsapp_no, tel_no, telephone_number,
      customer_mobile, customer_phone, customer_number, sender_phone, sender_mob, user_mobile, user_phone, buyer_mobile,
      buyer_phone, client_mobile, client_phone, lead_mobile, lead_phone, contact_mobile, contact_phone, primary_phone,
      enq_phone, enq_mobile, work_phone, phone_work, alternate_number, alternate_mobile, alternate_phone, alt_mobile, landline
    `),
    ...indianNames.phone,
  ],
  email: [
    ...namesIn(`
      email, emails, email_address, email_id, e_mail, your_email, mail, mail_id, sender_email, user_email, customer_email,
      buyer_email, client_email, contact_email, enq_email, work_email
    `),
    ...indianNames.email,
  ],
  productName: [
    ...namesIn(`
      product_name, product, products, service, services, category, category_name, interest, product_interest,
      product_of_interest, interested_in, interested_product, machine, machine_name, item, item_name, query_product_name,
      service_name, product_title, item_title
    `),
    ...indianNames.productName,
    'subject',
  ],
  city: [
    ...namesIn('city, city_name, town, location, district, sender_city, customer_city, user_city'),
    ...indianNames.city,
  ],
  state: [...namesIn('state, region, province, sender_state, customer_state, user_state'), ...indianNames.state],
  message: [
    ...namesIn(`
      query_message, message, requirement, requirements, remarks, notes, note, enquiry, inquiry, query, comments, comment,
      description, details, your_message, enq_message, enquiry_message, inquiry_message, enquiry_details, msg, message_text, text
    `),
    ...indianNames.message,
  ],
  enquiredAt: [
    ...namesIn(`
      enquired_at, submitted_at, created_at, created_time, timestamp, enquiry_date + enquiry_time, inquiry_date, enquiry_date,
      query_time, lead_submit_time, submission_date, date_submitted, date_created, created, create_date,
      created_date, created_on, enquired_on, lead_date, entry_date, received_at, received_on, date_received, submission_time, date + time
    `),
    ...indianNames.enquiredAt,
  ],
  country: [...namesIn('country, country_code, country_code_iso, country_iso, sender_country'), ...indianNames.country],
  enquiryType: namesIn('enquiry_type, inquiry_type, query_type, lead_type, form_name'),
};
