import type { FieldNames } from './read-fields.ts';

/** What websites, automations and spreadsheets call a lead's fields; case and separators do not matter. */
export const usualNames: FieldNames = {
  // Not a bare `id`: many a table or form counts its own rows under it, each of them from 1.
  sourceLeadId: [
    ...['sourceLeadId', 'lead_id', 'leadgen_id', 'enquiry_id', 'inquiry_id', 'query_id', 'submission_id', 'entry_id'],
    ...['response_id', 'external_id', 'unique_query_id', 'rfi_id', 'inq_id'],
  ],
  name: [
    ...['name', 'full_name', 'customer_name', 'contact_person', 'contact_name', 'your_name', 'first_name + last_name'],
    ...['first + last', 'sender_name', 'buyer_name', 'client_name', 'lead_name', 'company', 'company_name'],
  ],
  phone: [
    ...['phone', 'mobile', 'mobile_number', 'phone_number', 'contact_number', 'whatsapp', 'whatsapp_number', 'tel'],
    ...['telephone', 'mobile_no', 'phone_no', 'contact_no', 'contact', 'your_phone', 'your_mobile', 'cell', 'msisdn'],
    ...['sender_mobile', 'mobile_1', 'mobile_2', 'phone_1', 'phone_2', 'alternate_number', 'alternate_mobile'],
    ...['alternate_phone', 'alt_mobile', 'landline'],
  ],
  email: ['email', 'email_address', 'email_id', 'e_mail', 'your_email', 'mail', 'sender_email'],
  productName: [
    ...['product_name', 'product', 'service', 'category', 'interest', 'product_interest', 'interested_in', 'machine'],
    ...['item', 'query_product_name', 'subject'],
  ],
  city: ['city', 'town', 'location', 'district', 'sender_city'],
  state: ['state', 'region', 'province', 'sender_state'],
  message: [
    ...['query_message', 'message', 'requirement', 'requirements', 'remarks', 'notes', 'note', 'enquiry', 'inquiry'],
    ...['query', 'comments', 'comment', 'description', 'details', 'your_message'],
  ],
  enquiredAt: [
    ...['enquired_at', 'submitted_at', 'created_at', 'created_time', 'timestamp', 'enquiry_date + enquiry_time'],
    ...['inquiry_date', 'query_time', 'date + time'],
  ],
  country: ['country', 'country_code', 'country_code_iso', 'country_iso', 'sender_country'],
  enquiryType: ['enquiry_type', 'inquiry_type', 'query_type', 'lead_type', 'form_name'],
};
