import { describe, expect, test } from 'vitest';
import { findProduct } from './find-product.ts';

const find = (...answers: [string, string][]): string | undefined =>
  findProduct(
    answers.map(([question, value]) => ({ question, value })),
    { guess: true },
  )?.value;

describe('what asks for the product', () => {
  test.for<[string, string]>([
    ['which_machine_do_you_need?', 'paper_plate_machine'],
    ['What machine are you looking for?', 'Dona machine'],
    ['which_product_do_you_want?', 'cup_machine'],
    ['Product of interest', 'Slipper machine'],
    ['Interested SKUs', 'Cup machine'],
    ['I am interested in', 'Bottling line'],
    ['Which model do you want?', '500'],
    ['Which model?', '10 HP'],
    ['Your requirement', 'Fly ash brick machine'],
    ['aapko_kaunsi_machine_chahiye?', 'paper_plate'],
    ['kaun si machine chahiye', 'Paper plate'],
    ['आपको_कौन_सी_मशीन_चाहिए?', 'पेपर_प्लेट_मशीन'],
    ['आप_निम्नलिखित_में_से_कोनसी_सर्विस_लेना_चाहते_हैं?', 'वेबसाइट'],
    ['तुम्हाला कोणती मशीन हवी आहे?', 'पेपर प्लेट'],
    ['તમારે કયું મશીન જોઈએ છે?', 'પેપર પ્લેટ'],
    ['உங்களுக்கு எந்த இயந்திரம் வேண்டும்?', 'பேப்பர் பிளேட்'],
    // No noun of a thing, and the only question that nothing else is known of.
    ['What are you planning to make?', 'Paper plates'],
  ])('%s', ([question, value]) => {
    expect(find([question, value])).toBe(value);
    expect(find(['when_will_you_buy_the_machine?', 'within_1_month'], [question, value])).toBe(value);
    expect(find(['Are you interested in our product?', 'Maybe later on'], [question, value])).toBe(value);
  });
});

describe('a question for a time, a sum, a count or a yes is never the product', () => {
  test.for<[string, string]>([
    ['when_are_you_looking_to_buy_the_machine?', 'within_1_month'],
    ['When are you looking to buy?', 'After Diwali'],
    ['what_is_your_budget_for_the_machine?', '5_-_10_lakh'],
    ['Your budget for this product', 'Not much'],
    ['how_much_can_you_invest_in_the_machine?', '5 lakh'],
    ['How many machines do you need?', 'a few'],
    ['How soon do you need the product?', 'asap'],
    ['Machine quantity', '2'],
    ['machine_capacity', '1000 per hour'],
    ['production_capacity', '1000 per hour'],
    ['are_you_interested_in_a_factory_visit?', 'yes'],
    ['Do you want a demo of the machine?', 'On video'],
    ['do_you_already_own_a_machine?', 'an old one'],
    ['Would you like to visit our machine showroom?', 'Sunday'],
    ['Have you used this product before?', 'once'],
    ['Is this machine for your own business?', 'for a friend'],
    ['Can we call you about the product?', 'after 5'],
    ['Interested in our product?', 'yes'],
    ['Product interest', 'haan ji'],
    ['Where do you want to install the machine?', 'Pune'],
    ['machine kab tak chahiye?', 'ek mahine mein'],
    ['machine_ke_liye_kitna_budget_hai?', '5 lakh tak'],
    ['kitni machine chahiye', 'do'],
    ['kya aapko machine ka demo chahiye?', 'zaroor'],
    ['मशीन_कब_तक_चाहिए?', 'एक महीने में'],
    ['मशीन_के_लिए_आपका_बजट_कितना_है?', '5 लाख'],
    ['आपको_कितनी_मशीन_चाहिए?', 'दो'],
    ['क्या_आप_मशीन_खरीदना_चाहते_हैं?', 'हाँ'],
    ['क्या आपके पास पहले से मशीन है?', 'पुरानी है'],
    ['आप मशीन कहाँ लगाना चाहते हैं?', 'पटना'],
    ['मशीन कधी हवी आहे?', 'लवकर'],
    ['મશીન ક્યારે જોઈએ છે?', 'જલ્દી'],
    ['இயந்திரம் எப்போது வேண்டும்?', 'விரைவில்'],
  ])('%s', ([question, value]) => {
    expect(find([question, value])).toBeUndefined();
    expect(find([question, value], ['which_machine_do_you_need?', 'plate_machine'])).toBe('plate_machine');
  });
});

test.for([
  'yes',
  'No',
  'हाँ',
  'जी हां',
  'nahi',
  'maybe',
  '5_-_10_lakh',
  '₹ 5,00,000',
  'Rs. 50000',
  '5 lakh se kam',
  '10+',
  '2 units',
  'within_1_month',
  'less than 3 months',
  'Next month',
  'this_week',
  'immediately',
  'ASAP',
  'tomorrow',
  '2026-12-05',
  '1-3 months',
  '5 लाख',
  '2 महीने में',
  'above 10 lakh',
  '05/12/2026',
  'just_exploring',
])('%s is no product, whatever was asked', (value) => {
  expect(find(['Product', value])).toBeUndefined();
  expect(find(['Your choice', value])).toBeUndefined();
});

test('of several questions that nothing else is known of, none is guessed', () => {
  expect(find(['Your choice', 'Cups'], ['Your taste', 'Plates'])).toBeUndefined();
  expect(find(['Your company', 'RK Foods'])).toBeUndefined();
});

test.for([
  ['which_product_do_you_want_to_buy_within_a_month?', 'dona_machine'],
  ['What machine do you need for your daily production?', 'Cup machine'],
  ['konsi_machine_chahiye_aur_kab?', 'dona machine'],
] as const)('%s asks for the thing first', ([question, value]) => {
  expect(find([question, value])).toBe(value);
});

test.for([
  ['machine_delivery_location', 'Pune'],
  ['what_is_your_role_in_the_product_company?', 'owner'],
  ['expected_daily_production', '10000_cups'],
  ['పూర్తి_సమాచారం', 'Asha Verma'],
] as const)('%s asks for no product', ([question, value]) => {
  expect(find([question, value])).toBeUndefined();
});
