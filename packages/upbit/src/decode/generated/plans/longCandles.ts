/**
 * Made by `node scripts/generatePlans.ts` from the tables of fields and their usual order; not to be changed by hand. What a function does is what
 * `ObjectScanner.planned` does by the table: the same names, eight bytes at a time, and the same readers of values.
 */
import type { ScanPlan } from "../../scan/ScanPlan.ts";

const [minus, comma, closeBrace] = [45, 44, 125] as const;

const readDayCandle: ScanPlan["read"] = (s, slots, from) => {
  const { bytes, limit, mantissas, view } = s;
  let p = from;
  // market
  if (p + 9 > limit || view.getFloat64(p, true) !== 1.045371614237333e-142 || view.getFloat64(p + 1, true) !== 1.1646535749646474e-28)
    return -1;
  p += 9;
  p = s.word(slots, 0, p);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // openTimeMs
  if (
    p + 23 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 1.123188922159226e219 ||
    view.getFloat64(p + 15, true) !== 1.1604772332171126e-28
  )
    return -1;
  p += 23;
  p = s.moment(p, 1);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // openTimeKorea
  if (
    p + 23 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 1.123188922159226e219 ||
    view.getFloat64(p + 15, true) !== 1.1646670561953078e-28
  )
    return -1;
  p += 23;
  p = s.moment(p, 2);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // open
  if (p + 16 > limit || view.getFloat64(p, true) !== 1.69375265568812e190 || view.getFloat64(p + 8, true) !== 1.1609538560191735e-28)
    return -1;
  p += 16;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 3);
  if (p < 0 || mantissas[3] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // high
  if (p + 13 > limit || view.getFloat64(p, true) !== 1.7467729931735142e243 || view.getFloat64(p + 5, true) !== 1.1609538560191735e-28)
    return -1;
  p += 13;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 4);
  if (p < 0 || mantissas[4] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // low
  if (p + 12 > limit || view.getFloat64(p, true) !== 8.821318092036575e199 || view.getFloat64(p + 4, true) !== 1.1609538560191735e-28)
    return -1;
  p += 12;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 5);
  if (p < 0 || mantissas[5] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // close
  if (p + 14 > limit || view.getFloat64(p, true) !== 1.9497182294809067e233 || view.getFloat64(p + 6, true) !== 1.1609538560191735e-28)
    return -1;
  p += 14;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 6);
  if (p < 0 || mantissas[6] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // lastTradeTimeMs
  if (p + 12 > limit || view.getFloat64(p, true) !== 2.875194847097672e161 || view.getFloat64(p + 4, true) !== 1.1636751649674981e-28)
    return -1;
  p += 12;
  p = s.integer(p, 9);
  if (p < 0 || !(mantissas[9]! <= 253402300799999)) return -1;
  if (bytes[p++] !== comma) return -1;
  // value
  if (
    p + 25 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 3.452156264245836e175 ||
    view.getFloat64(p + 16, true) !== 5.4811148045296275e-143 ||
    view.getFloat64(p + 17, true) !== 1.1609538560191735e-28
  )
    return -1;
  p += 25;
  const isNegative8 = bytes[p] === minus;
  p = s.decimal(p, 8);
  if (p < 0 || (isNegative8 && mantissas[8] !== 0)) return -1;
  if (bytes[p++] !== comma) return -1;
  // volume
  if (
    p + 26 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 3.452156264245836e175 ||
    view.getFloat64(p + 16, true) !== 3.819977360745853e180 ||
    view.getFloat64(p + 18, true) !== 1.1609635307196642e-28
  )
    return -1;
  p += 26;
  const isNegative7 = bytes[p] === minus;
  p = s.decimal(p, 7);
  if (p < 0 || (isNegative7 && mantissas[7] !== 0)) return -1;
  if (bytes[p++] !== comma) return -1;
  // previousClose
  if (
    p + 21 > limit ||
    view.getFloat64(p, true) !== 1.3043723336071904e214 ||
    view.getFloat64(p + 8, true) !== 1.7467714097551984e243 ||
    view.getFloat64(p + 13, true) !== 1.1609538560191735e-28
  )
    return -1;
  p += 21;
  const isNegative10 = bytes[p] === minus;
  p = s.decimal(p, 10);
  if (p < 0 || (isNegative10 && mantissas[10] !== 0)) return -1;
  if (bytes[p++] !== comma) return -1;
  // changeAmount
  if (p + 15 > limit || view.getFloat64(p, true) !== 3.5031872150411057e151 || view.getFloat64(p + 7, true) !== 1.1609538560191735e-28)
    return -1;
  p += 15;
  p = s.decimal(p, 11);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // changeRatio
  if (p + 14 > limit || view.getFloat64(p, true) !== 3.5031872150411057e151 || view.getFloat64(p + 6, true) !== 1.160970196330071e-28)
    return -1;
  p += 14;
  p = s.decimal(p, 12);
  if (p < 0) return -1;
  return bytes[p] === closeBrace && p < limit ? p + 1 : -1;
};

const readPeriodCandle: ScanPlan["read"] = (s, slots, from) => {
  const { bytes, limit, mantissas, view } = s;
  let p = from;
  // market
  if (p + 9 > limit || view.getFloat64(p, true) !== 1.045371614237333e-142 || view.getFloat64(p + 1, true) !== 1.1646535749646474e-28)
    return -1;
  p += 9;
  p = s.word(slots, 0, p);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // openTimeMs
  if (
    p + 23 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 1.123188922159226e219 ||
    view.getFloat64(p + 15, true) !== 1.1604772332171126e-28
  )
    return -1;
  p += 23;
  p = s.moment(p, 1);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // openTimeKorea
  if (
    p + 23 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 1.123188922159226e219 ||
    view.getFloat64(p + 15, true) !== 1.1646670561953078e-28
  )
    return -1;
  p += 23;
  p = s.moment(p, 2);
  if (p < 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // open
  if (p + 16 > limit || view.getFloat64(p, true) !== 1.69375265568812e190 || view.getFloat64(p + 8, true) !== 1.1609538560191735e-28)
    return -1;
  p += 16;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 3);
  if (p < 0 || mantissas[3] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // high
  if (p + 13 > limit || view.getFloat64(p, true) !== 1.7467729931735142e243 || view.getFloat64(p + 5, true) !== 1.1609538560191735e-28)
    return -1;
  p += 13;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 4);
  if (p < 0 || mantissas[4] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // low
  if (p + 12 > limit || view.getFloat64(p, true) !== 8.821318092036575e199 || view.getFloat64(p + 4, true) !== 1.1609538560191735e-28)
    return -1;
  p += 12;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 5);
  if (p < 0 || mantissas[5] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // close
  if (p + 14 > limit || view.getFloat64(p, true) !== 1.9497182294809067e233 || view.getFloat64(p + 6, true) !== 1.1609538560191735e-28)
    return -1;
  p += 14;
  if (bytes[p] === minus) return -1;
  p = s.decimal(p, 6);
  if (p < 0 || mantissas[6] === 0) return -1;
  if (bytes[p++] !== comma) return -1;
  // lastTradeTimeMs
  if (p + 12 > limit || view.getFloat64(p, true) !== 2.875194847097672e161 || view.getFloat64(p + 4, true) !== 1.1636751649674981e-28)
    return -1;
  p += 12;
  p = s.integer(p, 9);
  if (p < 0 || !(mantissas[9]! <= 253402300799999)) return -1;
  if (bytes[p++] !== comma) return -1;
  // value
  if (
    p + 25 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 3.452156264245836e175 ||
    view.getFloat64(p + 16, true) !== 5.4811148045296275e-143 ||
    view.getFloat64(p + 17, true) !== 1.1609538560191735e-28
  )
    return -1;
  p += 25;
  const isNegative8 = bytes[p] === minus;
  p = s.decimal(p, 8);
  if (p < 0 || (isNegative8 && mantissas[8] !== 0)) return -1;
  if (bytes[p++] !== comma) return -1;
  // volume
  if (
    p + 26 > limit ||
    view.getFloat64(p, true) !== 3.5063590381225106e151 ||
    view.getFloat64(p + 8, true) !== 3.452156264245836e175 ||
    view.getFloat64(p + 16, true) !== 3.819977360745853e180 ||
    view.getFloat64(p + 18, true) !== 1.1609635307196642e-28
  )
    return -1;
  p += 26;
  const isNegative7 = bytes[p] === minus;
  p = s.decimal(p, 7);
  if (p < 0 || (isNegative7 && mantissas[7] !== 0)) return -1;
  if (bytes[p++] !== comma) return -1;
  // firstDay
  if (
    p + 22 > limit ||
    view.getFloat64(p, true) !== 3.111899890469901e175 ||
    view.getFloat64(p + 8, true) !== 4.246162139537125e180 ||
    view.getFloat64(p + 14, true) !== 1.1607188925653307e-28
  )
    return -1;
  p += 22;
  p = s.word(slots, 10, p);
  if (p < 0) return -1;
  return bytes[p] === closeBrace && p < limit ? p + 1 : -1;
};

export const dayCandle: ScanPlan = {
  steps: [0, 5, 1, 9, 2, 9, 3, 2, 4, 2, 5, 2, 6, 2, 9, 3, 8, 1, 7, 1, 10, 1, 11, 0, 12, 0],
  read: readDayCandle,
};

export const periodCandle: ScanPlan = {
  steps: [0, 5, 1, 9, 2, 9, 3, 2, 4, 2, 5, 2, 6, 2, 9, 3, 8, 1, 7, 1, 10, 5],
  read: readPeriodCandle,
};
