/** A call's only name outside the database: `call-<id>-<12 random characters>`. Each attempt has a new room. */
export function roomName(callId: number, random: string): string {
  return `call-${callId}-${random}`;
}

/** The call's id in a room's name; undefined if the room is not ours. */
export function callIdOfRoom(room: string): number | undefined {
  const match = /^call-([1-9]\d{0,9})-[a-z0-9]{12}$/.exec(room);
  return match === null ? undefined : Number(match[1]);
}

/** The room of a rehearsal, such as `leadline agent check` plays: no call is behind it, and reports on it change nothing. */
export function rehearsalRoomName(random: string): string {
  return `check-${random}`;
}

/** Whether this is the room of a rehearsal. */
export function isRehearsalRoom(room: string): boolean {
  return /^check-[a-z0-9]{12}$/.test(room);
}
