//go:build linux

#include "textflag.h"

// func xstateSize() uint32
TEXT ·xstateSize(SB), NOSPLIT, $0-4
	MOVL $0xd, AX
	XORL CX, CX
	CPUID
	MOVL BX, ret+0(FP)
	RET

// func shimAddress() (start, end uintptr)
TEXT ·shimAddress(SB), NOSPLIT, $0-16
	LEAQ ·shim(SB), AX
	MOVQ AX, start+0(FP)
	LEAQ ·shimEnd(SB), AX
	MOVQ AX, end+8(FP)
	RET

// The function that xstate.go wraps into a shared object: C's
//
//	long ptrace(request DI, pid SI, addr DX, data CX)
//
// Its data is in the page after its own: see xstate.go. It never runs in this
// program, so Go's rules for stacks and registers do not bind it, and C's do.

#define ERRNO    0(R9)   // address of __errno_location
#define FULL     8(R9)   // size of the processor's state
#define IOV      16(R9)  // an iovec of our own
#define IOVLEN   24(R9)
#define WORD     32(R9)
#define BUF      64(R9)
#define XSTATEBV 576(R9) // BUF + 512
#define BUFSIZE  $16384

#define PTRACE     $101
#define GETREGSET  $0x4204
#define SETREGSET  $0x4205
#define XSTATE     $0x202
#define BELOWAMX   $0x1ffff // the components that come before AMX

TEXT ·shim(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ ·shim(SB), R9
	ADDQ $0x1000, R9
	MOVL DI, DI
	MOVQ CX, R8
	CMPL DX, XSTATE
	JNE  plain
	CMPL DI, GETREGSET
	JEQ  get
	CMPL DI, SETREGSET
	JEQ  set

plain: // as libc does it
	MOVQ CX, R10
	LEAL -1(DI), AX
	CMPL AX, $2
	JLS  peek
	MOVL PTRACE, AX
	SYSCALL
	CMPQ AX, $-4095
	JCC  fail
	RET

peek: // requests 1 to 3: the kernel writes the word, libc returns it
	LEAQ WORD, R10
	MOVL PTRACE, AX
	SYSCALL
	TESTQ AX, AX
	JNE  fail
	PUSHQ WORD
	MOVQ ERRNO, AX
	CALL AX
	MOVL $0, (AX)
	POPQ AX
	RET

get: // all into BUF, and of it what the caller has room for
	LEAQ BUF, AX
	MOVQ AX, IOV
	MOVQ BUFSIZE, IOVLEN
	LEAQ IOV, R10
	MOVL PTRACE, AX
	SYSCALL
	TESTQ AX, AX
	JNE  fail
	MOVQ IOVLEN, CX
	MOVQ CX, FULL
	CMPQ CX, 8(R8)
	JLS  fits
	MOVQ 8(R8), CX
fits:
	MOVQ CX, 8(R8)
	MOVQ 0(R8), DI
	LEAQ BUF, SI
	REP
	MOVSB
	XORL AX, AX
	RET

set: // what the caller has, zeros for the rest, and no word of it in the header
	MOVQ SI, R11
	LEAQ BUF, DI
	MOVQ FULL, CX
	XORL AX, AX
	REP
	STOSB
	MOVQ 8(R8), CX
	CMPQ CX, FULL
	JLS  part
	MOVQ FULL, CX
part:
	MOVQ 0(R8), SI
	LEAQ BUF, DI
	REP
	MOVSB
	ANDQ BELOWAMX, XSTATEBV
	LEAQ BUF, AX
	MOVQ AX, IOV
	MOVQ FULL, AX
	MOVQ AX, IOVLEN
	LEAQ IOV, R10
	MOVQ R11, SI
	MOVL SETREGSET, DI
	MOVL XSTATE, DX
	MOVL PTRACE, AX
	SYSCALL
	TESTQ AX, AX
	JNE  fail
	RET

fail:
	NEGQ AX
	PUSHQ AX
	MOVQ ERRNO, AX
	CALL AX
	POPQ CX
	MOVL CX, (AX)
	MOVQ $-1, AX
	RET

TEXT ·shimEnd(SB), NOSPLIT|NOFRAME, $0-0
	RET
