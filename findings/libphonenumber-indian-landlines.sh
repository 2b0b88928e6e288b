#!/usr/bin/env bash
# libphonenumber-js 1.13.16 (npm), Node 20 or newer.
# Guess beforehand: getType() tells an Indian landline that is written with its STD code from a mobile, or at least says
# FIXED_LINE_OR_MOBILE where it can't know.
# Behaviour: a landline of Ahmedabad (STD code 79, subscriber's number 66324658) is MOBILE, written with the trunk zero, with
# +91 or bare, although a mobile is never written with a code of two digits. Visakhapatnam (891), Raipur (771) and Kota (744)
# are FIXED_LINE_OR_MOBILE, however plainly the code is written; Mumbai and Jaipur are FIXED_LINE. The series 1600 and 1601, which
# the regulator gave to banks and government offices for calls to customers, is MOBILE too, and valid.
# So whoever calls only what is MOBILE, or what is valid for the country and may be one, rings offices and banks: the spelling
# (an STD code in a group of its own) has to decide before the library is asked.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts libphonenumber-js@1.13.16 >/dev/null
cat >look.cjs <<'JS'
const { parsePhoneNumberFromString: parse } = require('libphonenumber-js/max');
const expected = {
  '079-66324658': 'MOBILE',
  '+91-79-66324658': 'MOBILE',
  '(079) 6632 4658': 'MOBILE',
  '0891-2844000': 'FIXED_LINE_OR_MOBILE',
  '0771-2234567': 'FIXED_LINE_OR_MOBILE',
  '0744-2345678': 'FIXED_LINE_OR_MOBILE',
  '022-22355342': 'FIXED_LINE',
  '0141-2345678': 'FIXED_LINE',
  '1600123456': 'MOBILE',
  '1601123456': 'MOBILE',
};
let changed = false;
for (const [written, type] of Object.entries(expected)) {
  const number = parse(written, 'IN');
  console.log(`${written}: ${number?.number} ${number?.getType()}, valid: ${number?.isValid()}`);
  if (number?.getType() !== type || number.isValid() !== true) changed = true;
}
process.exit(changed ? 1 : 0);
JS
node look.cjs
