package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"

	"github.com/spf13/cobra"

	"apc/lang/audit"
	"apc/lang/diag"
)

// denialFlags are the flags of `apc denials`.
type denialFlags struct {
	loadFlags
	policies []string
	base     string
	format   string
}

func (a *app) denialsCommand() *cobra.Command {
	var f denialFlags
	cmd := &cobra.Command{
		Use:   "denials [LOG...|-]",
		Short: "List what AppArmor denied, from any log",
		Long: `Read records of AppArmor from logs of the kernel, auditd, syslog and the journal
(text or -o json), plain or compressed by gzip, zstd or bzip2; from standard
input; or, without a LOG on a terminal, from journalctl. Equal records are
counted once, and sorted by profile. What complain mode let pass (ALLOWED) is
listed too. With --policy each is shown with the block of the policy that it is
about. Exits 1 where there are any.`,
		Example: "  apc denials /var/log/audit/audit.log*\n  dmesg | apc denials\n  apc denials --policy ./policies --format json /var/log/syslog.2.gz",
		RunE:    func(_ *cobra.Command, args []string) error { return a.denials(args, f) },
	}
	f.loadFlags.add(cmd)
	cmd.Flags().StringArrayVar(&f.policies, "policy", nil, "`FILES|DIRS` of policies to name the blocks of (repeatable)")
	addBase(cmd, &f.base)
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT`: text, json")
	return cmd
}

// manyEvents is how many distinct events make a heap that is worth collecting
// often: it holds lines and no pointers, so that it costs little, while reading
// leaves nothing to collect and listing does.
const manyEvents = 20_000

func (a *app) denials(args []string, f denialFlags) (err error) {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q: there are text and json", f.format)
	}
	var w *answerer
	if len(f.policies) > 0 {
		if w, err = a.answers(f.policies, f.loadFlags, f.base); err != nil || w == nil {
			return err
		}
	}
	log := audit.NewLog()
	if err := a.readLogs(log, args); err != nil {
		return err
	}
	if log.Distinct() > manyEvents {
		debug.SetGCPercent(15)
	}
	out := bufio.NewWriterSize(a.stdout, 1<<16)
	defer func(before io.Writer) {
		err = errors.Join(err, out.Flush())
		a.stdout = before
	}(a.stdout)
	a.stdout = out
	d := collect(log)
	if len(d.rows) > 0 {
		a.fail(exitFindings)
	}
	if f.format == "json" {
		return a.denialsJSON(log, d, w)
	}
	return a.denialsTable(log, d, w)
}

// readLogs reads all that the arguments name. Logs that cannot be read are
// reported, and the others are read all the same.
func (a *app) readLogs(log *audit.Log, args []string) error {
	if len(args) == 0 {
		if file, ok := a.stdin.(*os.File); ok && isTerminal(file) {
			return a.readJournal(log)
		}
		args = []string{"-"}
	}
	p := a.newProgress(args)
	defer p.end()
	for _, arg := range args {
		if err := readLog(log, arg, a.stdin, p); err != nil {
			p.end()
			fmt.Fprintf(a.stderr, "apc: %s\n", diag.Printable(err.Error()))
			a.fail(codeOf(err))
		}
	}
	return nil
}

func readLog(log *audit.Log, arg string, stdin io.Reader, p *progress) error {
	if arg == "-" {
		if err := log.Read("standard input", stdin); err != nil {
			return machineError(fmt.Errorf("standard input: %w", err))
		}
		return nil
	}
	file, err := os.Open(arg)
	if err != nil {
		return pathError(arg, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s: it is a folder; name the logs in it", arg)
	}
	if err := log.Read(arg, p.count(file)); err != nil {
		return machineError(fmt.Errorf("%s: %w", arg, err))
	}
	return nil
}

// journalArguments ask for what may hold records. Without --all journalctl
// leaves long messages out of its JSON.
var journalArguments = []string{"--no-pager", "--quiet", "--all", "--output=json",
	"--output-fields=MESSAGE,_TRANSPORT,_EXE,SYSLOG_IDENTIFIER,SYSLOG_FACILITY,_HOSTNAME,_AUDIT_ID,_AUDIT_TYPE,_SOURCE_REALTIME_TIMESTAMP",
	"_TRANSPORT=kernel", "+", "_TRANSPORT=audit", "+", "SYSLOG_IDENTIFIER=dbus-daemon", "+", "SYSLOG_IDENTIFIER=dbus-broker-launch"}

// readJournal runs journalctl for the user.
func (a *app) readJournal(log *audit.Log) error {
	ctx, stop := interruptible()
	defer stop()
	cmd := exec.CommandContext(ctx, "journalctl", journalArguments...)
	cmd.Stderr = a.stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return machineError(errors.New("there is no journalctl here; name a log, such as /var/log/audit/audit.log, or pipe one: dmesg | apc denials"))
	}
	if err != nil {
		return machineError(fmt.Errorf("journalctl: %w", err))
	}
	fmt.Fprintln(a.stderr, "reading the journal (journalctl)")
	read := log.Read("journalctl", out)
	if err := errors.Join(read, cmd.Wait()); err != nil {
		return machineError(fmt.Errorf("journalctl: %w", err))
	}
	return nil
}
