import type { Command } from '@commander-js/extra-typings';

/** The command line; each command adds itself to it. */
export type Program = Command<[], { natsUrl?: string | undefined; natsUser?: string | undefined }>;
