/** The content type of a row of an imported file; its person gets a report of each row. */
export const importedType = 'text/csv';
