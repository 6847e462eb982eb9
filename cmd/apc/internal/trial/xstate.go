//go:build linux && amd64

package trial

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"unsafe"
)

// User-mode Linux before 6.13 keeps a task's vector registers in 2,696 bytes:
// all that processors had before AMX. Where the host's kernel has more to save,
// it refuses to set less than all of it, and the guest's first process dies
// ("ptrace set fp regs failed, errno = 14"). Without that interface user-mode
// Linux saves the old registers only, and then the threads of one process
// corrupt each other's AVX registers.
//
// So on such processors the kernel is started with a shared object before libc
// that holds one function, ptrace: it passes everything through, but gets and
// sets the whole state where a part is asked for. What lies beyond that part
// (AMX's tiles) is reset, as for a process that never used it.
//
// The function is written in Go's assembler, and copied from this very program
// into an object that is made when it is needed.

// umlStateSize is HOST_FP_SIZE of arch/x86/um/user-offsets.c, in bytes.
const umlStateSize = 2696

// xstateSize returns the size of the state that the kernel of the host saves
// (CPUID, leaf 0xD).
func xstateSize() uint32

// shimAddress returns where the function begins and ends.
func shimAddress() (start, end uintptr)

//lint:ignore U1000 for vet, which wants to see what assembler implements
func shim()

//lint:ignore U1000 as above
func shimEnd()

// Offsets in the object, which is one segment: headers and tables, a page of
// code, the data.
const (
	shimCode = 0x1000
	shimData = 0x2000
	shimSize = 0x7000 // in memory
)

// shimObject returns the shared object.
func shimObject() ([]byte, error) {
	start, end := shimAddress()
	if end <= start || end-start > shimData-shimCode {
		return nil, errors.New("the linker moved the ptrace function")
	}
	code := unsafe.Slice((*byte)(textAt(start)), end-start)

	const tables = 64 + 3*56
	const strs = "\x00ptrace\x00__errno_location\x00"
	const ptrace, errno = 1, 8 // in strs
	var (
		symtab  = uint64(tables)
		hash    = symtab + 3*elf.Sym64Size
		rela    = hash + 6*4
		dynamic = rela + 24
		strtab  = dynamic + 9*16
	)
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	put(elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 3, Shentsize: 64,
	})
	put(elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W | elf.PF_X),
		Filesz: shimData, Memsz: shimSize, Align: 0x1000,
	})
	put(elf.Prog64{
		Type: uint32(elf.PT_DYNAMIC), Flags: uint32(elf.PF_R | elf.PF_W),
		Off: dynamic, Vaddr: dynamic, Paddr: dynamic, Filesz: 9 * 16, Memsz: 9 * 16, Align: 8,
	})
	put(elf.Prog64{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16})
	function := byte(elf.STB_GLOBAL)<<4 | byte(elf.STT_FUNC)
	put([]elf.Sym64{
		{},
		{Name: ptrace, Info: function, Shndx: 1, Value: shimCode, Size: uint64(len(code))},
		{Name: errno, Info: function},
	})
	put([]uint32{1, 3, 1, 0, 0, 0}) // one bucket, which leads to ptrace alone
	put(elf.Rela64{Off: shimData, Info: elf.R_INFO(2, uint32(elf.R_X86_64_GLOB_DAT))})
	put([]elf.Dyn64{
		{Tag: int64(elf.DT_HASH), Val: hash},
		{Tag: int64(elf.DT_SYMTAB), Val: symtab},
		{Tag: int64(elf.DT_SYMENT), Val: elf.Sym64Size},
		{Tag: int64(elf.DT_STRTAB), Val: strtab},
		{Tag: int64(elf.DT_STRSZ), Val: uint64(len(strs))},
		{Tag: int64(elf.DT_RELA), Val: rela},
		{Tag: int64(elf.DT_RELASZ), Val: 24},
		{Tag: int64(elf.DT_RELAENT), Val: 24},
		{},
	})
	b.WriteString(strs)

	object := make([]byte, shimData)
	copy(object, b.Bytes())
	copy(object[shimCode:], code)
	return object, nil
}

// textAt turns an address of this program's code, which no collector moves,
// into a pointer.
func textAt(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
