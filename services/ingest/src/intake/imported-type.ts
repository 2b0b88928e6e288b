/** The content type of an imported file's row. A report tells the importing person about each row. */
export const importedType = 'text/csv';
