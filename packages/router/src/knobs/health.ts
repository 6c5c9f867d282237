/**
 * What watches, records and compares behind the callers, and how often.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */

/** The recorder that is always on; `docs/explain/flight-recorder.md`. */
export interface FlightRecorderOptions {
  /** How far back it remembers, in milliseconds; 0 switches it off. */
  readonly windowMs: number;
  /** Memory for that, in bytes. What is older than fits is forgotten earlier. */
  readonly bytes: number;
  /** The most that one recording holds, in bytes before packing; what is older is left out. */
  readonly dumpBytes: number;
  /** Recordings kept in the folder. @unit recordings */
  readonly dumpsKept: number;
  /** The least time between two that are written without being asked for, in milliseconds. */
  readonly dumpEveryMs: number;
}

/** Questions asked a second time, of the exchange directly; `shadow/Shadow.ts`. */
export interface ShadowOptions {
  /** How many of a hundred questions; 0 for none. @unit percent */
  readonly percent: number;
  /** At most, in a minute. @unit questions */
  readonly perMinute: number;
  /** Only while no more than this share of the limit group is in use, 0 to 1. @unit share */
  readonly maxUsage: number;
}

export class HealthKnobs {
  /**
   * What of the last minutes is kept, and written down when something happens.
   * @costs Memory, and a copy of every frame and answer; `windowMs: 0` takes neither.
   */
  readonly flightRecorder: FlightRecorderOptions = {
    windowMs: 600_000,
    bytes: 50_331_648,
    dumpBytes: 268_435_456,
    dumpsKept: 8,
    dumpEveryMs: 60_000,
  };
  /**
   * How many questions are asked directly as well, to be compared.
   * @costs One more request for each question drawn; off by default.
   */
  readonly shadow: ShadowOptions = { percent: 0, perMinute: 30, maxUsage: 0.5 };
  /** How long the same alert is not told again after it was, in milliseconds. */
  readonly alertCoolDownMs: number = 300_000;
  /**
   * How often the machine is looked at, where there is a probe for it, in milliseconds.
   * @costs A few system calls each time.
   */
  readonly hostEveryMs: number = 30_000;
  /**
   * How often it is looked whether this process slept, in milliseconds; 0 for never.
   * @costs One timer each time.
   */
  readonly sleepLookEveryMs: number = 1_000;
  /**
   * When router, REST and socket are checked, as a cron expression; empty for never.
   * @unit cron expression
   */
  readonly dailyCheckCron: string = "0 0 * * *";
  /**
   * The time zone of that.
   * @unit time zone
   */
  readonly dailyCheckZone: string = "Asia/Seoul";
}
