/** What stands where a name or number was: no number that could be dialled, and never anybody's name. */
export const erasedValue = 'erased';
