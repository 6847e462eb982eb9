// Package glob owns the path globs of AppArmor: which paths the text in a
// profile matches, and how the sets of paths of several globs relate. The
// meaning is that of apparmor_parser, down to what it does by accident; the
// tests compare with the real one. The package imports the standard library
// only, and knows nothing of rules and their permissions.
//
// # From text to meaning
//
// The stages follow the parser's, since each sees what the one before left.
//
// Escapes (parser_misc.c, processunquoted; lib.c, strn_escseq). \NNN is an
// octal number of up to three digits, \dNNN a decimal and \xHH a hexadecimal
// one, \a \e \f \n \r \t the control characters, \\ and \" themselves. A digit
// that would carry the number over 255 is no part of it. What decodes to one of
// *?[]{}^,\ stays escaped, so a decoded star is no wildcard; a decoded slash, at
// sign or dash is like one that was written. A backslash before anything else
// stays for the stages below. Globs stay active inside quotes, and a path is
// bytes: é is two.
//
// Variables (parser_variable.c, parser_symtab.c). @{NAME} is a letter and then
// letters, digits and underscores. \@ and @\{ begin no variable. A variable
// with one value is replaced as text, which may bring half a brace. One with
// several becomes an alternation of them; where a slash stands right before or
// behind it, the values lose theirs on that side. Values may refer to variables
// and then multiply. A value is cut off after 4096 bytes, in silence; Expand
// refuses. That is how 3.0 and 4.1 have it. 5.0 drops equal values, and leaves
// leading slashes to the values where one slash is all that stands before the
// variable; and 3.0.8 fails with "Out of memory" where a value is nothing but a
// reference to an empty one.
//
// Slashes (parser_regex.c, filter_slashes). A run of slashes is one slash,
// except for exactly two at the very start. That is done to the text: /a/{b/,/c}
// still has a branch with two slashes, which no real path has, and \/ is not
// part of a run.
//
// Globs (parser_regex.c, convert_aaregex_to_pcre):
//
//   - ? is any byte but slash and NUL; * any number of those.
//   - ** is any number of bytes but NUL; a third star is a * again.
//   - A run of stars right behind a slash, and right before a slash or the end
//     of the text, begins with a byte that is no slash: /a/* and /a/** do not
//     match /a/. It is the text that counts: /a/{*,b} and /a/*{,b} do match it.
//   - {a,b} is either branch; a branch may be empty. A comma outside of braces
//     is a comma. Braces without a comma are an error, and so is nesting them 50
//     deep.
//   - \ makes the next character stand for itself. . + | ( ) ^ $ always do.
//
// Classes (libapparmor_re/parse.y, charset). [abc] is one byte of them. A ^
// right behind the bracket negates: [^a] also matches slash and NUL. A - is a
// range, whichever end is greater, and stands for itself only as the first.
// Neither is changed by a backslash, so [\^a] negates. ! is a byte as any other,
// and so are braces and commas.
//
// # What is refused
//
// Parse refuses what the parser refuses, and six things that at least one version
// of it takes but makes something else of (SyntaxError.Corrupt): * and ? in a
// class, which it replaces by the text of a regular expression; an escaped comma
// in a class, which adds a backslash to it, and at which 5.0 never ends; a class
// that begins with its closing bracket, which goes on to a later one; @{ that
// begins no variable, which 3.0 and 4.1 take for an at sign; \d or \x that becomes
// an escape only by digits that were escapes themselves. A text with variables is judged as
// far as it can be before their values are known.
//
// # Real paths
//
// Includes, Equal, Intersects and Automaton look at paths that the kernel can
// ask for: they begin with a slash, and have no NUL and no component that is
// empty, a dot or two dots. A directory's path ends in a slash (apparmor.d(5),
// Globbing). Match answers for any string.
package glob
