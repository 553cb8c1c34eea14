/** Expected accuracy of a chain. */
import { refuse } from "../../../refuse.ts";

/**
 * Chance that a chain is all right when its problems are independent.
 *
 * @param passRates of the single problems, each from 0 to 1
 */
export function expectedAccuracy(passRates: readonly number[]): number {
  if (passRates.length === 0) refuse("expectedAccuracy", "there is no problem", "pass a rate of each");
  return passRates.reduce((product, rate, i) => {
    if (!(rate >= 0 && rate <= 1)) refuse("expectedAccuracy", `pass rate ${i} is ${rate}`, "pass a number from 0 to 1");
    return product * rate;
  }, 1);
}
