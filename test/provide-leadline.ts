import { openDatabase } from '@leadline/database/open-database';
import { roleUrl } from '@leadline/database/roles';
import { connectNats } from '@leadline/messaging/connect';
import { natsUsers } from '@leadline/messaging/permissions';
import { provision } from '@leadline/messaging/provision';
import { toNatsConfig } from '@leadline/messaging/to-nats-config';
import { provideLeadline } from '@leadline/testing/leadline';

const leadline = { openDatabase, roleUrl, connectNats, natsUsers, provision, toNatsConfig };

declare module '@leadline/testing/leadline' {
  interface Leadline {
    openDatabase: typeof openDatabase;
    roleUrl: typeof roleUrl;
    connectNats: typeof connectNats;
    natsUsers: typeof natsUsers;
    provision: typeof provision;
    toNatsConfig: typeof toNatsConfig;
  }
}

provideLeadline(leadline);
