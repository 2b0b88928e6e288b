export type Quotas = {
  /** Counts one request; each replica counts for itself. */
  take(id: string, perMinute: number): { within: true } | { within: false; retryAfterSeconds: number };
};

/** Allows a full minute's requests at once, then as many as the pace permits. */
export function openQuotas(nowMs: () => number = () => performance.now()): Quotas {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(id, perMinute) {
      const now = nowMs();
      const bucket = buckets.get(id) ?? { left: perMinute, at: now };
      const left = Math.min(perMinute, bucket.left + ((now - bucket.at) / 60_000) * perMinute);
      const within = left >= 1;
      buckets.set(id, { left: within ? left - 1 : left, at: now });
      return within ? { within } : { within, retryAfterSeconds: Math.max(1, Math.ceil(((1 - left) * 60) / perMinute)) };
    },
  };
}
