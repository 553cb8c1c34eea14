/** Schedules by search: large meetings first, each in the smallest room that holds it, at each time that may be best, or left out. */
import type { MeetingInstance, Slot } from "./meetings.ts";

/**
 * The schedule with the most attendees, strictly judged. The first way down is greedy, so that one step is enough for a schedule;
 * `exact` where the search ended before its steps did. Start times are those at which a stretch of meetings can begin in a window.
 */
export function bestSchedule(
  instance: MeetingInstance,
  steps: number,
): { readonly slots: Slot[]; readonly exact: boolean } {
  const meetings = Object.entries(instance.meetings)
    .map(([id, meeting]) => ({ id: Number(id), ...meeting }))
    .sort((a, b) => b.attendees.length - a.attendees.length || a.duration - b.duration);
  const rooms = Object.entries(instance.rooms)
    .map(([id, places]) => ({ id: Number(id), places }))
    .sort((a, b) => a.places - b.places);
  const starts = startTimes(instance);
  const rest = meetings.map((_, i) => meetings.slice(i).reduce((sum, { attendees }) => sum + attendees.length, 0));
  let [best, most, left]: [Slot[], number, number] = [[], -1, steps];
  const place = (i: number, slots: readonly Slot[], count: number): void => {
    if (count > most) [best, most] = [[...slots], count];
    const meeting = meetings[i];
    if (meeting === undefined || count + (rest[i] ?? 0) <= most) return;
    if (--left < 0 && i > 0 && best.length > 0 && left < -meetings.length) return;
    for (const start of starts) {
      if (!everyoneFree(instance, meeting.id, start, slots)) continue;
      const room = rooms.find(({ id, places }) => {
        return places >= meeting.attendees.length && isEmpty(instance, id, [start, start + meeting.duration], slots);
      });
      if (room === undefined) continue;
      place(i + 1, [...slots, [meeting.id, room.id, start]], count + meeting.attendees.length);
      if (left < 0) return;
    }
    place(i + 1, slots, count);
  };
  place(0, [], 0);
  return { slots: best.sort(([, , a], [, , b]) => a - b), exact: left >= 0 };
}

/** Beginnings of windows, and what sums of durations lead to from there. */
function startTimes({ meetings, attendee_availability }: MeetingInstance): number[] {
  const durations = [...new Set(Object.values(meetings).map(({ duration }) => duration))].filter((d) => d > 0);
  const windows = Object.values(attendee_availability).flat();
  const found = new Set(windows.map(([from]) => from));
  const last = windows.reduce((most, [, to]) => Math.max(most, to), 0);
  for (const start of found) {
    for (const duration of durations)
      if (start + duration <= last && found.size < MOST_STARTS) found.add(start + duration);
  }
  return [...found].sort((a, b) => a - b);
}

const MOST_STARTS = 200;

function isEmpty(
  { meetings }: MeetingInstance,
  room: number,
  [from, to]: readonly [number, number],
  slots: readonly Slot[],
): boolean {
  return slots.every(
    ([id, other, start]) => other !== room || start >= to || start + (meetings[id]?.duration ?? 0) <= from,
  );
}

function everyoneFree(instance: MeetingInstance, id: number, start: number, slots: readonly Slot[]): boolean {
  const meeting = instance.meetings[id];
  if (meeting === undefined) return false;
  const end = start + meeting.duration;
  return meeting.attendees.every((person) => {
    const present = (instance.attendee_availability[person] ?? []).some(([from, to]) => start >= from && end <= to);
    return (
      present &&
      slots.every(([other, , otherStart]) => {
        const held = instance.meetings[other];
        if (held === undefined || !held.attendees.includes(person)) return true;
        return otherStart >= end || otherStart + held.duration <= start;
      })
    );
  });
}
