const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTES_PER_DAY = 24 * 60;

/** When a source is on, in the time zone of this process: one of these spans. */
export interface ScheduleSpan {
  /** Days on which it begins, 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes of the day; at or before `from`, the span ends on the next day. */
  readonly from: number;
  readonly to: number;
}

/** `Mon-Fri 07:00-19:00`, `Sat,Sun 22:00-02:00`, `08:00-12:00`; undefined where the text is none. */
export function parseSpan(text: string): ScheduleSpan | undefined {
  const [, days, fromHour, fromMinute, toHour, toMinute] =
    /^(?:([a-z,-]+) +)?(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text.trim().toLowerCase()) ?? [];
  const from = minuteOf(fromHour, fromMinute);
  const to = minuteOf(toHour, toMinute);
  const onDays = days === undefined ? DAYS.map((_, day) => day) : daysOf(days);
  if (from === undefined || to === undefined || from === MINUTES_PER_DAY || !onDays) return undefined;
  return { days: onDays, from, to };
}

/** Whether any of the spans includes the moment. */
export function isWithin(spans: readonly ScheduleSpan[], at: Date): boolean {
  const minute = at.getHours() * 60 + at.getMinutes();
  const today = at.getDay();
  const yesterday = (today + 6) % 7;
  return spans.some(({ days, from, to }) => {
    if (to > from) return days.includes(today) && minute >= from && minute < to;
    return (days.includes(today) && minute >= from) || (days.includes(yesterday) && minute < to);
  });
}

function minuteOf(hour: string | undefined, minute: string | undefined): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= MINUTES_PER_DAY ? minutes : undefined;
}

function daysOf(text: string): readonly number[] | undefined {
  const days = text.split(',').flatMap((part) => {
    const [first, last = first, ...more] = part.split('-').map((name) => DAYS.indexOf(name));
    if (first === undefined || last === undefined || first < 0 || last < 0 || more.length > 0) return [-1];
    return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, i) => (first + i) % 7);
  });
  return days.includes(-1) ? undefined : [...new Set(days)];
}
