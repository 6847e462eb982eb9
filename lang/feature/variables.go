package feature

import "fmt"

// Variables lists the variables that the parser itself or tunables/global of
// some target defines, by their names without @{}.
func Variables() []string {
	out := []string{
		"HOME", "HOMEDIRS", "PROC", "XDG_DESKTOP_DIR", "XDG_DOCUMENTS_DIR", "XDG_DOWNLOAD_DIR", "XDG_MUSIC_DIR", "XDG_PICTURES_DIR",
		"XDG_PUBLICSHARE_DIR", "XDG_TEMPLATES_DIR", "XDG_VIDEOS_DIR", "apparmorfs", "attach_path", "etc_ro", "etc_rw", "exec_path",
		"flatpak_exports_root", "multiarch", "pci_bus", "pid", "pids", "profile_name", "run", "securityfs", "sys", "system_share_dirs",
		"tid", "uid", "uids", "user_share_dirs",
		// The short ones of 4.1: one character, or as many as the number says.
		"c", "d", "h", "l", "w", "u8", "u16", "u32", "u64", "int", "hex", "rand", "word",
	}
	for _, class := range []string{"int", "hex", "rand", "word"} {
		for _, n := range []int{2, 4, 6, 8, 9, 10, 12, 15, 16, 32, 38, 64} {
			out = append(out, fmt.Sprint(class, n))
		}
	}
	return out
}
