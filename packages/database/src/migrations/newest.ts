/** The migration that this code needs, apart from the library that runs them: services ask for its name alone. */
export const newestMigration = '0025-unknown-numbers';
