/** The lead number `n`: a source id and a phone number that no other has. */
export function leadBody(n: number, phone: string): string {
  return JSON.stringify({
    name: 'Asha Verma',
    phone,
    sourceLeadId: `WEB-${n}`,
    email: `asha.verma.${n}@example.com`,
    productName: 'Paper cup machine',
    city: 'Pune',
    state: 'Maharashtra',
    message: 'Please send the price of the machine and call me after lunch.',
  });
}

export function anyPhone(n: number): string {
  return `+9198${String(n).padStart(8, '0')}`;
}

/** Ends in digits that the simulator answers like an ordinary person, by the mode of the call. */
export function answeringPhone(n: number): string {
  return `+9198${String(n).padStart(5, '0')}000`;
}
