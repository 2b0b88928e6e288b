import { normalisePhone } from '@leadline/contracts/phone-number';
import type { Field } from './read-fields.ts';
import { maxName } from './to-name-keys.ts';

/** A name's words in any script: `q4_phoneNumber`, `tel-619` and `Mobile No. (WhatsApp)` alike. */
function toWords(name: string): string[] {
  return name
    .normalize('NFKC')
    .replaceAll(/whats[\s_-]*app/gi, 'whatsapp')
    .replaceAll(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .replaceAll('\u093c', '')
    .split(/[^\p{L}\p{M}]+/u)
    .filter((word) => word !== '');
}

const anyOf = (words: string): RegExp => new RegExp(`^(?:${words.trim().split(/\s+/).join('|')})$`, 'u');

/**
 * Words that occur only in names of phone fields, the preferred kind first; also matched at the end of a name:
 * `custphone`.
 */
const mobiles = anyOf(`
  .*mobiles? mob mobs? .*mobileno .*mobilenumber cell cells? cellphone handphone msisdn मोबाइल मोबाईल मो भ्रमणध्वनी મોબાઇલ
  મોબાઈલ கைபேசி மொபைல் அலைபேசி செல்போன் మొబైల్ ಮೊಬೈಲ್ মোবাইল ਮੋਬਾਈਲ മൊബൈൽ
`);
const phones = anyOf(`
  .*phones? .*phoneno .*phonenumber ph phn tel telno .*telephone fon fone फोन टेलीफोन दूरभाष दूरध्वनी ફોન તેલિફોન தொலைபேசி போன் ఫోన్ ಫೋನ್
  ফোন ਫੋਨ ഫോൺ
`);
const whatsapps = anyOf(`
  .*whatsapp wa watsapp whatsup .*whatsappno .*whatsappnumber व्हाट्सएप व्हाट्सऐप व्हाट्सअप व्हॉट्सअॅप व्हॉट्सॲप વોટ્સએપ વ્હોટ્સએપ
  વોટ્સઅપ வாட்ஸ்அப்
`);
const weak = anyOf(`
  contacts? numbers? no num nr contactno contactnumber call calling reach नंबर नम्बर क्रमांक संपर्क सम्पर्क નંબર સંપર્ક எண் தொடர்பு నంబర్ ಸಂಖ್ಯೆ নম্বর
`);
const second = anyOf('alt alternate alternative other second secondary emergency additional वैकल्पिक पर्यायी');

/** The number is somebody else's, whatever else the name says. */
const somebodyElses = anyOf(`
  receivers? recipients? agents? owners? assigned? assignee sellers? suppliers? vendors? dealers? staff employees? executives?
  managers? operators? offices? helpline support care tollfree toll salesperson rep author creator guardian parents? father mother
  spouse referrer referred referral nominee placeholder example sample default description hint landline fax
`);
/** The number is of another kind, unless the name also says phone. */
const otherNumber = anyOf(`
  gst gstin gstno gstnumber orders? orderno ordernumber invoices? invoiceno bills? billno aadhaar aadhar adhar adhaar uid uidai pan panno
  pin pins? pincode pinno zip zipcode postal postcode budget prices? amount amt cost costs rate total sum value qty quantity count accounts?
  acct accountno ac ifsc banks? cards? otp code codes ids? uuid guid serial sr sno roll enrol enrollment registration reg regno vehicle
  policy ticket token keys? ref refs? reference tracking awb docket transaction txn utr payment receipt complaint case time timestamp date
  dates created updated submitted ip lat lng lon latitude longitude session cookie cookies gclid fbclid utm page url link product products
  model sku skus hsn license licence udyam cin tan turnover salary income area size length width weight age years? house flat plot
  door survey form campaign ad ads adset imei nonce consumer meter युआईडी आधार पिन पिनकोड ऑर्डर आर्डर जीएसटी बजट कीमत राशि खाता
  आयडी आईडी આધાર પિન ઓર્ડર બજેટ જીએસટી ஆதார் பின் ஆர்டர் ஜிஎஸ்டி பட்ஜெட்
`);

/** How much a name sounds like a phone field: 0 not at all, undefined: it can't be one. */
function soundOf(name: string): number | undefined {
  if (name.length > maxName) return 0;
  const words = toWords(name.replaceAll(/\([^)]*\)/g, ' '));
  const has = (kind: RegExp): boolean => words.some((word) => kind.test(word));
  if (has(somebodyElses)) return undefined;
  const sound = has(mobiles) ? 5 : has(phones) ? 4 : has(whatsapps) ? 3 : 0;
  if (sound > 0) return has(second) ? sound / 10 : sound;
  if (has(otherNumber)) return undefined;
  return has(weak) ? (has(second) ? 0.2 : 2) : 0;
}

/** Whether a name alone shows that its field holds a phone number. */
export function soundsLikePhone(name: string): boolean {
  return (soundOf(name) ?? 0) > 2;
}

/** Only a number and nothing else, in any script's digits. */
export function isBareMobile(value: string): boolean {
  return /^[\p{Nd}\s()+\-.]{10,24}$/u.test(value.trim()) && normalisePhone(value).ok;
}

/** There are several numbers, and no name says which is the phone. */
export const undecided = 'undecided';

/**
 * The fields that hold the phone where no known name does, the preferred one first: fields whose name sounds like one
 * (mobile, phone, WhatsApp, contact), else the one whose value is only an Indian mobile. A field named as another kind
 * (GST, order, Aadhaar, pin code, budget) never counts. Several numbers and no such name: `undecided`.
 */
export function findPhoneFields(fields: readonly Field[]): Field[] | typeof undecided {
  const heard = fields.flatMap((field) => {
    if (!mayHoldNumber(field.value)) return [];
    const sound = soundOf(field.name);
    return sound === undefined ? [] : [{ field, sound }];
  });
  const sounding = heard
    .filter(({ field, sound }) => sound >= 3 || (sound > 0 && sound < 1) || (sound > 0 && isBareMobile(field.value)))
    .toSorted((one, other) => other.sound - one.sound)
    .map(({ field }) => field);
  if (sounding.some(({ value }) => normalisePhone(value).ok)) return sounding;
  const bare = heard.flatMap(({ field }) => (isBareMobile(field.value) ? [field] : []));
  const numbers = new Set(bare.map(({ value }) => toNumber(value)));
  if (numbers.size > 1) return undecided;
  return numbers.size === 1 ? bare.slice(0, 1) : sounding;
}

/** A quick test that spares values without a number the closer look. */
function mayHoldNumber(value: string): boolean {
  return value.length <= 300 && value.replaceAll(/\P{Nd}/gu, '').length >= 5;
}

function toNumber(value: string): string {
  const phone = normalisePhone(value);
  return phone.ok ? phone.phone : value;
}
