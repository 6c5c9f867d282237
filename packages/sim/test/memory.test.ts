import { conformance } from "./conformance.ts";
import { memoryDoor } from "./memoryDoor.ts";

conformance("in memory", memoryDoor);
