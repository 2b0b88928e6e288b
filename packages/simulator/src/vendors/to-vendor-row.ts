import { toIndianTime } from './indian-time.ts';
import type { VendorEnquiry } from './vendor-enquiry.ts';

type Row = Record<string, unknown>;

export function toIndiamartRow(enquiry: VendorEnquiry): Row {
  const { day, clock } = toIndianTime(enquiry.at);
  return {
    UNIQUE_QUERY_ID: enquiry.id,
    QUERY_TYPE: 'W',
    QUERY_TIME: `${day} ${clock}`,
    SENDER_NAME: enquiry.name,
    SENDER_MOBILE: enquiry.phone,
    SENDER_MOBILE_ALT: enquiry.otherPhone,
    SENDER_PHONE: '',
    SENDER_EMAIL: enquiry.email,
    SENDER_EMAIL_ALT: '',
    SENDER_COMPANY: enquiry.company,
    SENDER_ADDRESS: '',
    SENDER_CITY: enquiry.city,
    SENDER_STATE: enquiry.state,
    SENDER_PINCODE: '',
    SENDER_COUNTRY_ISO: 'IN',
    SUBJECT: enquiry.product === '' ? '' : `Requirement for ${enquiry.product}`,
    QUERY_PRODUCT_NAME: enquiry.product,
    QUERY_MCAT_NAME: enquiry.product,
    QUERY_MESSAGE: enquiry.message,
    CALL_DURATION: '',
    RECEIVER_MOBILE: '',
    ...enquiry.fields,
  };
}

export function toTradeindiaRow(enquiry: VendorEnquiry): Row {
  const { day, clock } = toIndianTime(enquiry.at);
  return {
    rfi_id: enquiry.id,
    inquiry_type: 'Direct',
    product_name: enquiry.product,
    subject: enquiry.product,
    message: enquiry.message.replaceAll('\n', '<br/>'),
    quantity: '1',
    generated: String(Math.floor(enquiry.at.getTime() / 1_000)),
    generated_date: day,
    generated_time: clock,
    sender_uid: '990011',
    sender_name: enquiry.name,
    sender_co: enquiry.company,
    sender_mobile: enquiry.phone,
    sender_other_mobiles: enquiry.otherPhone,
    landline_number: '',
    sender_email: enquiry.email,
    sender_city: enquiry.city,
    sender_state: enquiry.state,
    sender_country: 'India',
    view_status: 'New',
    ...enquiry.fields,
  };
}

export function toExportersindiaRow(enquiry: VendorEnquiry): Row {
  const { day, clock } = toIndianTime(enquiry.at);
  return {
    inq_id: enquiry.id,
    inq_type: 'Direct',
    enq_date: `${day} ${clock}`,
    name: enquiry.name,
    company: enquiry.company,
    mobile: enquiry.phone,
    alt_mobile: enquiry.otherPhone,
    email: enquiry.email,
    alt_email: '',
    subject: enquiry.product,
    product: enquiry.product,
    detail_req: enquiry.message,
    address: '',
    city: enquiry.city,
    state: enquiry.state,
    country: 'India',
    ...enquiry.fields,
  };
}

export function toJustdialFields(enquiry: VendorEnquiry): Record<string, string> {
  const { day, clock } = toIndianTime(enquiry.at);
  const given = Object.entries(enquiry.fields).map(
    ([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return {
    leadid: enquiry.id,
    leadtype: 'category',
    prefix: '',
    name: enquiry.name,
    mobile: enquiry.phone,
    phone: enquiry.otherPhone,
    email: enquiry.email,
    date: day,
    time: clock,
    category: enquiry.product,
    city: enquiry.city,
    area: '',
    brancharea: '',
    dncmobile: '0',
    dncphone: '0',
    company: 'Leadline Demo Works',
    pincode: '0',
    branchpin: '',
    parentid: 'PX1',
    ...Object.fromEntries(given),
  };
}

/** A form's answers, as the Graph API returns them. */
export function toMetaLead(enquiry: VendorEnquiry): Row {
  const answers = {
    full_name: enquiry.name,
    phone_number: enquiry.phone,
    email: enquiry.email,
    city: enquiry.city,
    state: enquiry.state,
    which_machine: enquiry.product,
    what_do_you_need: enquiry.message,
  };
  return {
    id: enquiry.id,
    created_time: enquiry.at.toISOString().replace(/\.\d+Z$/, '+0000'),
    field_data: Object.entries(answers)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ name, values: [value] })),
    ...enquiry.fields,
  };
}

export const metaPage = { pageId: '1029384756', formId: '556677' };

/** Meta's webhook for a lead: its id, and none of its answers. */
export function toMetaNotification(enquiry: VendorEnquiry): Row {
  const seconds = Math.floor(enquiry.at.getTime() / 1_000);
  return {
    object: 'page',
    entry: [
      {
        id: metaPage.pageId,
        time: seconds,
        changes: [
          {
            field: 'leadgen',
            value: {
              leadgen_id: enquiry.id,
              page_id: metaPage.pageId,
              form_id: metaPage.formId,
              created_time: seconds,
            },
          },
        ],
      },
    ],
  };
}

export function toGoogleLead(enquiry: VendorEnquiry, key: string): Row {
  const columns = {
    FULL_NAME: enquiry.name,
    PHONE_NUMBER: enquiry.phone,
    EMAIL: enquiry.email,
    CITY: enquiry.city,
    REGION: enquiry.state,
    which_machine: enquiry.product,
    what_do_you_need: enquiry.message,
  };
  return {
    lead_id: enquiry.id,
    api_version: '1.0',
    form_id: 4_300_112_233,
    campaign_id: 21_998_877_665,
    google_key: key,
    is_test: false,
    user_column_data: Object.entries(columns)
      .filter(([, value]) => value !== '')
      .map(([column_id, string_value]) => ({ column_id, string_value })),
    ...enquiry.fields,
  };
}

/** Rewrites these fields' digits as JSON numbers, without rounding long ones through a double. */
export function withNumbers(json: string, fields: readonly string[]): string {
  return json.replaceAll(new RegExp(`"(${fields.join('|')})":"(\\d+)"`, 'g'), '"$1":$2');
}
