import { toIndianTime } from './indian-time.ts';
import type { VendorEnquiry } from './vendor-enquiry.ts';

type Row = Record<string, unknown>;

export function toIndiamartRow(one: VendorEnquiry): Row {
  const { day, clock } = toIndianTime(one.at);
  return {
    UNIQUE_QUERY_ID: one.id,
    QUERY_TYPE: 'W',
    QUERY_TIME: `${day} ${clock}`,
    SENDER_NAME: one.name,
    SENDER_MOBILE: one.phone,
    SENDER_MOBILE_ALT: one.otherPhone,
    SENDER_PHONE: '',
    SENDER_EMAIL: one.email,
    SENDER_EMAIL_ALT: '',
    SENDER_COMPANY: one.company,
    SENDER_ADDRESS: '',
    SENDER_CITY: one.city,
    SENDER_STATE: one.state,
    SENDER_PINCODE: '',
    SENDER_COUNTRY_ISO: 'IN',
    SUBJECT: one.product === '' ? '' : `Requirement for ${one.product}`,
    QUERY_PRODUCT_NAME: one.product,
    QUERY_MCAT_NAME: one.product,
    QUERY_MESSAGE: one.message,
    CALL_DURATION: '',
    RECEIVER_MOBILE: '',
    ...one.fields,
  };
}

export function toTradeindiaRow(one: VendorEnquiry): Row {
  const { day, clock } = toIndianTime(one.at);
  return {
    rfi_id: one.id,
    inquiry_type: 'Direct',
    product_name: one.product,
    subject: one.product,
    message: one.message.replaceAll('\n', '<br/>'),
    quantity: '1',
    generated: String(Math.floor(one.at.getTime() / 1_000)),
    generated_date: day,
    generated_time: clock,
    sender_uid: '990011',
    sender_name: one.name,
    sender_co: one.company,
    sender_mobile: one.phone,
    sender_other_mobiles: one.otherPhone,
    landline_number: '',
    sender_email: one.email,
    sender_city: one.city,
    sender_state: one.state,
    sender_country: 'India',
    view_status: 'New',
    ...one.fields,
  };
}

export function toExportersindiaRow(one: VendorEnquiry): Row {
  const { day, clock } = toIndianTime(one.at);
  return {
    inq_id: one.id,
    inq_type: 'Direct',
    enq_date: `${day} ${clock}`,
    name: one.name,
    company: one.company,
    mobile: one.phone,
    alt_mobile: one.otherPhone,
    email: one.email,
    alt_email: '',
    subject: one.product,
    product: one.product,
    detail_req: one.message,
    address: '',
    city: one.city,
    state: one.state,
    country: 'India',
    ...one.fields,
  };
}

export function toJustdialFields(one: VendorEnquiry): Record<string, string> {
  const { day, clock } = toIndianTime(one.at);
  const given = Object.entries(one.fields).map(
    ([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return {
    leadid: one.id,
    leadtype: 'category',
    prefix: '',
    name: one.name,
    mobile: one.phone,
    phone: one.otherPhone,
    email: one.email,
    date: day,
    time: clock,
    category: one.product,
    city: one.city,
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

/** The answers of a form, as the Graph API tells them. */
export function toMetaLead(one: VendorEnquiry): Row {
  const answers = {
    full_name: one.name,
    phone_number: one.phone,
    email: one.email,
    city: one.city,
    state: one.state,
    which_machine: one.product,
    what_do_you_need: one.message,
  };
  return {
    id: one.id,
    created_time: one.at.toISOString().replace(/\.\d+Z$/, '+0000'),
    field_data: Object.entries(answers)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => ({ name, values: [value] })),
    ...one.fields,
  };
}

export const metaPage = { pageId: '1029384756', formId: '556677' };

/** What Meta's webhook says of a lead: its id, and not one of its answers. */
export function toMetaNotification(one: VendorEnquiry): Row {
  const seconds = Math.floor(one.at.getTime() / 1_000);
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
              leadgen_id: one.id,
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

export function toGoogleLead(one: VendorEnquiry, key: string): Row {
  const columns = {
    FULL_NAME: one.name,
    PHONE_NUMBER: one.phone,
    EMAIL: one.email,
    CITY: one.city,
    REGION: one.state,
    which_machine: one.product,
    what_do_you_need: one.message,
  };
  return {
    lead_id: one.id,
    api_version: '1.0',
    form_id: 4_300_112_233,
    campaign_id: 21_998_877_665,
    google_key: key,
    is_test: false,
    user_column_data: Object.entries(columns)
      .filter(([, value]) => value !== '')
      .map(([column_id, string_value]) => ({ column_id, string_value })),
    ...one.fields,
  };
}

/** The same JSON with these fields' digits as numbers, however many there are: no double on the way rounds them. */
export function withNumbers(json: string, fields: readonly string[]): string {
  return json.replaceAll(new RegExp(`"(${fields.join('|')})":"(\\d+)"`, 'g'), '"$1":$2');
}
