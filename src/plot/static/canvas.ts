/**
 * The few canvas calls with which plotly paints a heat map (filled rectangles, whole images), and a PNG of the result:
 * enough to need no native canvas.
 */
import { crc32, deflateSync } from "node:zlib";

/** An image under construction: RGBA, row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** The drawing context that plotly's heat maps use. */
export interface RasterContext {
  fillStyle: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  createImageData(width: number, height: number): { readonly data: Uint8Array };
  putImageData(image: { readonly data: Uint8Array }, x: number, y: number): void;
}

export function raster(width: number, height: number): Raster {
  return { width, height, pixels: new Uint8Array(width * height * 4) };
}

export function rasterContext(target: Raster): RasterContext {
  return {
    fillStyle: "rgba(0,0,0,1)",
    fillRect(x, y, width, height) {
      const [r = 0, g = 0, b = 0, a = 1] = (this.fillStyle.match(/[\d.]+/g) ?? []).map(Number);
      const color = [r, g, b, Math.round(a * 255)];
      const [right, bottom] = [Math.min(x + width, target.width), Math.min(y + height, target.height)];
      for (let row = Math.max(y, 0); row < bottom; row++) {
        for (let column = Math.max(x, 0); column < right; column++) {
          target.pixels.set(color, (row * target.width + column) * 4);
        }
      }
    },
    createImageData: (width, height) => ({ data: new Uint8Array(width * height * 4) }),
    putImageData(image) {
      target.pixels.set(image.data.subarray(0, target.pixels.length));
    },
  };
}

/** The image as a `data:` address of a PNG (ISO/IEC 15948: 8-bit RGBA, no filter). */
export function pngAddress({ width, height, pixels }: Raster): string {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8); // depth, RGBA, deflate, filter method, not interlaced
  const rows = Buffer.alloc(height * (width * 4 + 1));
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * width * 4, (y + 1) * width * 4), y * (width * 4 + 1) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return `data:image/png;base64,${Buffer.concat([signature, ...parts]).toString("base64")}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
