/** What can be said about a new password before the server sees it. */

/** The server's rule as well; length is all that it asks for. */
export const MIN_PASSWORD = 8;

export type PasswordProblem = 'missing' | 'tooShort' | 'differ';

/** What is wrong with a new password, and with its repetition. */
export function passwordProblems(
  password: string,
  repeated: string,
): { password: PasswordProblem | null; repeated: PasswordProblem | null } {
  const length = [...password].length;
  return {
    password: length === 0 ? 'missing' : length < MIN_PASSWORD ? 'tooShort' : null,
    repeated: repeated === '' ? 'missing' : repeated === password ? null : 'differ',
  };
}
