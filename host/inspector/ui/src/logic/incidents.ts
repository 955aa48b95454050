// The list of incidents, as its newest part is asked for again and again.

import type { Incident } from '../api/types';

/** What is known with the newest part as it is now, newest first; older ones stay, unless it `isAll`. */
export function refreshed(known: readonly Incident[], newest: readonly Incident[], isAll: boolean): readonly Incident[] {
  const oldest = newest.at(-1)?.first_sequence;
  if (isAll || oldest === undefined) return newest;
  return [...newest, ...known.filter((incident) => incident.first_sequence < oldest)];
}
