/**
 * Units by name: what they measure and how many of its base unit they are, as an exact fraction.
 * Names are in lower case where case tells nothing; `exactCase` holds those where it does (mm and Mm, m and M).
 */

type Row = readonly [names: string, dimension: string, numerator: number, denominator?: number];

const ROWS: readonly Row[] = [
  ["m metre metres meter meters mtr", "length", 1],
  ["km kilometre kilometres kilometer kilometers kms", "length", 1000],
  ["dm decimetre decimetres decimeter decimeters", "length", 1, 10],
  ["cm centimetre centimetres centimeter centimeters cms", "length", 1, 100],
  ["mm millimetre millimetres millimeter millimeters", "length", 1, 1000],
  ["nm nanometre nanometres nanometer nanometers", "length", 1, 1_000_000_000],
  ["in inch inches", "length", 254, 10_000],
  ["ft foot feet", "length", 3048, 10_000],
  ["yd yds yard yards", "length", 9144, 10_000],
  ["mi mile miles", "length", 1_609_344, 1000],
  ["kg kgs kilogram kilograms kilo kilos", "mass", 1000],
  ["g gram grams gm gms", "mass", 1],
  ["mg milligram milligrams", "mass", 1, 1000],
  ["t tonne tonnes", "mass", 1_000_000],
  ["lb lbs pound pounds", "mass", 45_359_237, 100_000],
  ["oz ounce ounces", "mass", 45_359_237, 1_600_000],
  ["ton tons", "mass short ton", 1],
  ["s sec secs second seconds", "time", 1],
  ["ms millisecond milliseconds", "time", 1, 1000],
  ["min mins minute minutes", "time", 60],
  ["h hr hrs hour hours", "time", 3600],
  ["day days", "time", 86_400],
  ["week weeks", "time", 604_800],
  ["month months", "month", 1],
  ["yr yrs year years", "month", 12],
  ["l litre litres liter liters", "volume", 1, 1000],
  ["ml millilitre millilitres milliliter milliliters", "volume", 1, 1_000_000],
  ["gal gallon gallons", "gallon", 1],
  ["qt quart quarts", "gallon", 1, 4],
  ["pint pints", "gallon", 1, 8],
  ["cup cups", "gallon", 1, 16],
  ["acre acres", "acre", 1],
  ["ha hectare hectares", "area", 10_000],
  ["degree degrees deg", "angle", 1, 180],
  ["rad rads radian radians", "radian", 1],
  ["k kelvin kelvins", "kelvin", 1],
  ["celsius", "celsius", 1],
  ["fahrenheit", "fahrenheit", 1],
  ["n newton newtons", "force", 1],
  ["j joule joules", "energy", 1],
  ["kj kilojoule kilojoules", "energy", 1000],
  ["w watt watts", "power", 1],
  ["kw kilowatt kilowatts", "power", 1000],
  ["pa pascal pascals", "pressure", 1],
  ["v volt volts", "voltage", 1],
  ["ohm ohms", "resistance", 1],
  ["hz hertz", "frequency", 1],
  ["mol mole moles", "amount", 1],
  ["bit bits", "data", 1],
  ["byte bytes", "data", 8],
  ["$ usd dollar dollars buck bucks", "usd", 1],
  ["cent cents", "usd", 1, 100],
  ["penny pennies", "usd", 1, 100],
  ["nickel nickels", "nickel", 1],
  ["dime dimes", "dime", 1],
  ["€ eur euro euros", "eur", 1],
  ["£ gbp", "gbp", 1],
  ["¥ yen", "jpy", 1],
  ["yuan rmb", "cny", 1],
  ["₹ rupee rupees rs inr", "inr", 1],
];

export interface UnitRow {
  readonly dimension: string;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const UNITS: ReadonlyMap<string, UnitRow> = new Map(
  ROWS.flatMap(([names, dimension, numerator, denominator = 1]) =>
    names
      .split(" ")
      .map((name): [string, UnitRow] => [
        name,
        { dimension, numerator: BigInt(numerator), denominator: BigInt(denominator) },
      ]),
  ),
);

/** Units of speed and the like that are one word. */
export const COMPOUNDS: Readonly<Record<string, string>> = {
  mph: "mile/hour",
  kph: "km/hour",
  kmh: "km/hour",
  kmph: "km/hour",
  mps: "m/s",
  fps: "ft/s",
  cc: "cm^3",
  sqft: "ft^2",
  sqm: "m^2",
};

/** One letter that is more often a symbol: a unit only where text, not LaTeX, writes it behind a number. */
export const LETTER_UNITS = "mghslntjvwk";
