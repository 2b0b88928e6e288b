/** Replaces an erased name or number: it can't be dialled and is nobody's name. */
export const erasedValue = 'erased';
