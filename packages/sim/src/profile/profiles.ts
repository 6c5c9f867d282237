/** The exchanges that can be emulated, by name. */
import { bithumb } from "./bithumb.ts";
import type { Profile } from "./Profile.ts";
import { upbitIndonesia, upbitKorea, upbitSingapore, upbitThailand } from "./upbit.ts";

export const profiles = {
  upbit: upbitKorea,
  "upbit-sg": upbitSingapore,
  "upbit-id": upbitIndonesia,
  "upbit-th": upbitThailand,
  bithumb,
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

export const isProfileName = (name: string): name is ProfileName => Object.hasOwn(profiles, name);
