import { chaos } from "./chaos/fullRun.ts";
import { tableOf } from "./soak/Figures.ts";
const seeds = Number(process.argv[2] ?? 1);
const report = await chaos({ seeds, hours: Number(process.argv[3] ?? 24) }, console.log);
for (const line of tableOf(report)) console.log(line);
