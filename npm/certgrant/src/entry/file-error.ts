/** What is said of a file that can't be read. */
import { CertgrantError } from "../errors.ts";
import { withoutForeignText } from "../foreign-error.ts";

/** A path that looks like one: a key in its place is longer, or has line ends. */
const PLAIN_PATH = /^\P{Cc}{1,260}$/u;

/** The error of a file that can't be read; a path that may be a slip is not repeated. */
export function fileError(path: string, thrown: unknown, hint: string): CertgrantError {
  const cause = withoutForeignText(thrown);
  const where = PLAIN_PATH.test(path) && !path.includes("-----") ? path : `a path of ${path.length} characters`;
  const found = cause.code ?? (cause.name === "Error" ? "no file" : cause.name);
  return new CertgrantError({
    code: "ERR_FILE_UNREADABLE",
    message: `the file can't be read: found ${found} at ${where}, expected a readable file`,
    hint,
    cause,
  });
}
