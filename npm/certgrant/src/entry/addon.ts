/**
 * Which packages may hold the native addon of this system.
 *
 * @module
 */
/** How much of a program is read: its headers, and the path of its loader close behind them. */
const HEAD_BYTES = 4096;

/** The packages to try, in this order. One is enough, but on a Linux that does not say whether it has glibc or musl. */
export async function addonPackages(): Promise<string[]> {
  const system = `@certgrant/native-${process.platform}-${process.arch}`;
  if (process.platform !== "linux") return [system];
  const head = await programHead();
  // Not by trying: musl takes glibc's libc.so.6 for itself, and finds what it lacks when that is called. Glibc refuses what
  // was built for musl, so where nothing is known that comes first.
  if (head.includes("/ld-musl-")) return [`${system}-musl`];
  if (head.includes("/ld-linux")) return [`${system}-gnu`];
  return [`${system}-musl`, `${system}-gnu`];
}

/** The start of the running program, an ELF file that names the loader of its C library. */
async function programHead(): Promise<string> {
  try {
    const { open } = await import("node:fs/promises");
    const file = await open(process.execPath);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return "";
  }
}
