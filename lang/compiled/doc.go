// Package compiled reads the binary AppArmor policy that apparmor_parser hands
// to the kernel, and answers what a profile in it really grants.
//
// Read decodes the stream (kernel: security/apparmor/policy_unpack.c and
// match.c) in the forms that parsers 3.0 to 5.0 write: permissions in the
// accept words of the automata, or in tables beside them. The methods of
// Profile ask one thing each, in the way the kernel asks it: a path, a
// capability, a socket, a signal. Equal and Includes walk two profiles in step
// and return each difference with a shortest witness.
//
// The package owns the binary format and the meaning of its automata. It
// imports the standard library only, and knows nothing of policy text.
package compiled
