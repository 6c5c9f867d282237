/** Judges this machine: the runtime, the state folder and its disk, a block that is remembered, the optional key. Pure. */
import { megabytes } from "../render/appStatus.ts";
import { duration } from "../render/numbers.ts";
import type { KeyFacts } from "./accessKey.ts";
import { type Check, fail, pass, skip, warn } from "./Check.ts";
import type { Evidence, FolderFacts } from "./Evidence.ts";

const megabyte = 1_048_576;
/** Free on the disk of the state folder. What is kept there is small, but a full disk stops more than us. */
const disk = { warnBytes: 1_024 * megabyte, warnShare: 0.05, failBytes: 100 * megabyte } as const;
/** Of Node, as the packages say it. */
const leastNode = [22, 19] as const;
const dayMs = 86_400_000;
/** A key that ends within this is warned of. */
const keyEndsMs = 30 * dayMs;

export const hostChecks = (evidence: Evidence): ReadonlyArray<Check> => [
  runtimeCheck(evidence.runtime),
  folderCheck(evidence.folder),
  diskCheck(evidence.folder),
  blockCheck(evidence),
  keyCheck(evidence.key, evidence.atMs),
];

const runtimeCheck = (version: string): Check => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  return isEnough
    ? pass("runtime", "", `Node ${version}`)
    : fail("runtime", "", `Node ${version}`, `naru needs Node ${leastNode.join(".")} or later`);
};

const folderCheck = ({ path, access }: FolderFacts): Check => {
  if (access === null) return pass("state", "", `${path} is not there yet; it is made when something is to be kept`);
  const found = `${path}, mode ${access.mode.toString(8).padStart(4, "0")}`;
  if (!access.isWritable)
    return fail(
      "state",
      "",
      `${found}, cannot be written to`,
      "a block would be forgotten over a restart: repair the folder, or name another with NARU_STATE",
    );
  if (!access.isOurs) return warn("state", "", `${found}, belongs to another user`, "name a folder of your own with NARU_STATE");
  if ((access.mode & 0o022) !== 0) return warn("state", "", `${found}, others may write to it`, `chmod 700 ${path}`);
  return pass("state", "", found);
};

const diskCheck = ({ path, disk: found }: FolderFacts): Check => {
  if (found === null) return skip("disk", "", `the system does not tell the free space of ${path}`);
  const share = found.totalBytes === 0 ? 0 : found.freeBytes / found.totalBytes;
  const words = `${megabytes(found.freeBytes)} of ${megabytes(found.totalBytes)} free (${(share * 100).toFixed(0)} %)`;
  const advice = "make room: a tape, the audit and what is remembered over a restart need it";
  if (found.freeBytes < disk.failBytes) return fail("disk", "", words, advice);
  return found.freeBytes < disk.warnBytes || share < disk.warnShare ? warn("disk", "", words, advice) : pass("disk", "", words);
};

const blockCheck = ({ blockedUntilMs, atMs, venue }: Evidence): Check =>
  blockedUntilMs === null
    ? pass("block", "", `no block of this address by ${venue.host} is known`)
    : fail(
        "block",
        "",
        `${venue.host} blocks this address for ${duration(blockedUntilMs - atMs)} more`,
        "wait: nothing may be asked before that, and asking makes it longer",
      );

/** No text of a key ever comes here. */
const keyCheck = (key: KeyFacts, atMs: number): Check => {
  if (key._tag === "Absent") return skip("key", "", "no key in the environment; market data needs none");
  if (key._tag === "Wrong") return warn("key", "", key.reason, "set both variables to what the exchange gave you, or neither");
  const { answer } = key;
  switch (answer._tag) {
    case "NotAsked":
      return pass("key", "", `both halves are there and well formed; not asked of the exchange: ${answer.reason}`);
    case "Unclear":
      return warn("key", "", `well formed, but the exchange gave no clear answer: ${answer.reason}`, "try again later");
    case "Refused":
      return fail(
        "key",
        "",
        `the exchange refuses it: ${answer.name}`,
        refusals[answer.name] ?? "make a new key with the exchange, or unset the variables: market data needs none",
      );
    case "Accepted": {
      const { expiresAtMs } = answer;
      if (expiresAtMs === null) return pass("key", "", "the exchange takes it");
      const left = expiresAtMs - atMs;
      const found = `the exchange takes it; it ends ${left > 0 ? `in ${duration(left)}` : "now"}`;
      return left < keyEndsMs ? warn("key", "", found, "make a new one with the exchange in time") : pass("key", "", found);
    }
  }
};

const refusals: Readonly<Record<string, string>> = {
  no_authorization_ip: "add this machine's address to the key's list at the exchange",
  no_authorization_i_p: "add this machine's address to the key's list at the exchange",
  expired_access_key: "make a new key with the exchange",
  jwt_verification: "UPBIT_SECRET_KEY does not belong to UPBIT_ACCESS_KEY",
};
