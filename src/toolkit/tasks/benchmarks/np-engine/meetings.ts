/** Meeting schedule: meetings in rooms at times when everyone can come, as many attendees as can be. */
import { refuse } from "../../../refuse.ts";
import { behindMarker, listOfLists, type Parsed } from "./answers.ts";
import { bestSchedule } from "./meeting-solver.ts";
import { amount, entriesOf, feasible, infeasible, type NpResult, type NpTask, unreadable, within } from "./np-task.ts";

export interface Meeting {
  readonly attendees: readonly number[];
  /** Minutes. */
  readonly duration: number;
}

export interface MeetingInstance {
  readonly meetings: Readonly<Record<string, Meeting>>;
  /** Minutes of the day from and to which each attendee can come. */
  readonly attendee_availability: Readonly<Record<string, readonly (readonly [from: number, to: number])[]>>;
  /** Places of each room. */
  readonly rooms: Readonly<Record<string, number>>;
}

/** A meeting in a room from a minute on. */
export type Slot = readonly [meeting: number, room: number, start: number];

const [OPENS, LUNCH, BACK, CLOSES] = [540, 720, 780, 1020]; // 9:00, 12:00, 13:00, 17:00

export const meetingSchedule: NpTask<MeetingInstance> = {
  name: "meeting-schedule",
  category: "schedule",
  direction: "max",
  sizes: {
    easy: { meetings: [4, 5], attendees: [3, 5], rooms: [3, 4], perMeeting: [2, 3] },
    medium: { meetings: [5, 6], attendees: [4, 6], rooms: [4, 5], perMeeting: [2, 4] },
    hard: { meetings: [6, 7], attendees: [5, 7], rooms: [5, 6], perMeeting: [2, 4] },
    bench: { meetings: [8, 10], attendees: [7, 9], rooms: [6, 7], perMeeting: [2, 5] },
  },
  check: checkInstance,
  generate(random, sizes) {
    const people = Array.from({ length: within(random, sizes, "attendees") }, (_, id) => id);
    const meetings = Array.from({ length: within(random, sizes, "meetings") }, () => ({
      attendees: random
        .shuffle(people)
        .slice(0, Math.min(people.length, within(random, sizes, "perMeeting")))
        .sort((a, b) => a - b),
      duration: random.pick([30, 60, 90]),
    }));
    const rooms = Array.from({ length: within(random, sizes, "rooms") }, () => 3 + random.integer(8));
    const free = (): (readonly [number, number])[] => [
      [OPENS, LUNCH],
      [BACK, CLOSES],
    ];
    const instance: MeetingInstance = {
      meetings: Object.fromEntries(meetings.entries()),
      attendee_availability: Object.fromEntries(people.map((id) => [id, free()])),
      rooms: Object.fromEntries(rooms.entries()),
    };
    return { instance, planted: write(bestSchedule(instance, 1).slots) };
  },
  prompt: (instance) =>
    "Schedule meetings: each at most once, in a room with places for all its attendees, whole within a time when each of them can " +
    "come; a room and a person have one meeting at a time. Many attendees in all are asked for. Times are minutes of the day. " +
    `${JSON.stringify(instance)}\nEnd with "Answer: [(meeting, room, start), ...]".`,
  verify(instance, text, { strict = true } = {}) {
    const parsed = strict ? listOfLists(text) : compatSlots(text);
    if (parsed.kind === "unread") return unreadable(-1, parsed.reason);
    const slots = parsed.value.map(([meeting = Number.NaN, room = Number.NaN, start = Number.NaN]) => {
      return [meeting, room, start] as const;
    });
    if (strict && parsed.value.some(({ length }) => length !== 3))
      return unreadable(-1, "a slot has not three numbers");
    if (strict && slots.length === 0) return infeasible(-1, "it is empty");
    return judge(instance, slots, strict);
  },
  reference(instance, { steps }) {
    const { slots, exact } = bestSchedule(instance, steps);
    const value = slots.reduce((sum, [meeting]) => sum + (instance.meetings[meeting]?.attendees.length ?? 0), 0);
    return { value, answer: write(slots), exact };
  },
};

function write(slots: readonly Slot[]): string {
  return `Answer: [${slots.map((slot) => `(${slot.join(", ")})`).join(", ")}]`;
}

/** As the published validator reads: parts between "), (", of each the first three numbers; parts in other words are lost. */
function compatSlots(text: string): Parsed<number[][]> {
  const behind = behindMarker(text);
  if (behind === undefined) return { kind: "unread", reason: "there is no answer" };
  if (behind === "[]") return { kind: "read", value: [] };
  const inner = (behind.startsWith("[") && behind.endsWith("]") ? behind.slice(1, -1) : behind).replaceAll("'", "");
  const slots = inner.split("), (").map((part) => {
    return part
      .replace(/[()]/g, "")
      .split(",")
      .slice(0, 3)
      .map((number) => (/^\s*[+-]?\d+\s*$/.test(number) ? Number(number) : Number.NaN));
  });
  const wrong = slots.some((slot) => slot.length < 3 || slot.some(Number.isNaN));
  return wrong ? { kind: "unread", reason: "a slot has not three numbers" } : { kind: "read", value: slots };
}

function judge(instance: MeetingInstance, slots: readonly Slot[], strict: boolean): NpResult {
  let total = 0;
  for (const [i, slot] of slots.entries()) {
    const problem = slotProblem(instance, slot) ?? clash(instance, slot, slots.slice(0, i), strict);
    if (problem !== undefined) return infeasible(-1, problem);
    total += instance.meetings[slot[0]]?.attendees.length ?? 0;
  }
  return feasible(total);
}

/** What is wrong with a slot by itself. */
function slotProblem(
  { meetings, rooms, attendee_availability }: MeetingInstance,
  [id, room, start]: Slot,
): string | undefined {
  const meeting = meetings[id];
  const places = rooms[room];
  if (places === undefined || meeting === undefined) return `there is no meeting ${id} or no room ${room}`;
  if (meeting.attendees.length > places) return `room ${room} has ${places} places for meeting ${id}`;
  const end = start + meeting.duration;
  const away = meeting.attendees.find((person) => {
    return !(attendee_availability[person] ?? []).some(([from, to]) => start >= from && end <= to);
  });
  return away === undefined ? undefined : `${away} cannot come to meeting ${id} at ${start}`;
}

/** What is wrong with a slot beside others; a person in two places and a meeting held twice only where strict. */
function clash(
  { meetings }: MeetingInstance,
  slot: Slot,
  others: readonly Slot[],
  strict: boolean,
): string | undefined {
  const [id, room, start] = slot;
  const end = start + (meetings[id]?.duration ?? 0);
  for (const [other, otherRoom, otherStart] of others) {
    const overlaps = start < otherStart + (meetings[other]?.duration ?? 0) && end > otherStart;
    if (overlaps && room === otherRoom) return `meetings ${other} and ${id} overlap in room ${room}`;
    if (!strict) continue;
    if (other === id) return `meeting ${id} is held twice`;
    const both = meetings[id]?.attendees.find((person) => meetings[other]?.attendees.includes(person));
    if (overlaps && both !== undefined) return `${both} is in the meetings ${other} and ${id} at once`;
  }
  return undefined;
}

function checkInstance(instance: unknown): MeetingInstance {
  const task = "meeting-schedule";
  const fields = Object.fromEntries(entriesOf(task, "the instance", instance));
  for (const name of ["meetings", "attendee_availability", "rooms"]) entriesOf(task, name, fields[name]);
  const { meetings, attendee_availability: availability, rooms } = fields as unknown as MeetingInstance;
  for (const [room, places] of Object.entries(rooms)) amount(task, `places of room ${room}`, places);
  for (const [id, { attendees, duration }] of Object.entries(meetings)) {
    amount(task, `the duration of meeting ${id}`, duration);
    const stranger = attendees.find((person) => availability[person] === undefined);
    if (stranger !== undefined)
      refuse(task, `attendee ${stranger} of meeting ${id} has no times`, "give everyone's times");
  }
  for (const [person, windows] of Object.entries(availability)) {
    for (const [from, to] of windows) {
      if (amount(task, "a time", from) <= amount(task, "a time", to)) continue;
      refuse(task, `${person} can come from ${from} to ${to}`, "write the earlier time first");
    }
  }
  return { meetings, attendee_availability: availability, rooms };
}
