import type { Command } from '@commander-js/extra-typings';

/** The command line, to which each command adds itself. */
export type Program = Command<[], { natsUrl?: string | undefined; natsUser?: string | undefined }>;
