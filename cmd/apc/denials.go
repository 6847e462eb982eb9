package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"apc/compiler/ir"
	"apc/compiler/propose"
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
	// What is kept of a long log is small beside what its lines take while
	// they are read.
	debug.SetGCPercent(50)
	log := audit.NewLog()
	if err := a.readLogs(log, args); err != nil {
		return err
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

// row is what is listed once: events that differ in nothing that is shown.
type row struct {
	audit.Group
	profile string
}

// denialList is what a log holds, sorted by profile and then by count.
type denialList struct {
	rows   []row
	total  int64 // records behind the rows
	others int64 // records of what was not denied
}

func collect(log *audit.Log) denialList {
	var d denialList
	profiles := map[string]string{} // each name once, apart from its lines
	for g := range log.Groups() {
		e := g.Event()
		if !isDenial(e.Mode) || e.Kind() == audit.KindPolicy {
			d.others += g.Count
			continue
		}
		d.total += g.Count
		name, ok := profiles[e.Profile]
		if !ok {
			name = strings.Clone(e.Profile)
			profiles[name] = name
		}
		d.rows = append(d.rows, row{g, name})
	}
	slices.SortStableFunc(d.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.profile, y.profile), cmp.Compare(y.Count, x.Count))
	})
	return d
}

// denialsTable lists the denials for people.
func (a *app) denialsTable(log *audit.Log, d denialList, w *answerer) error {
	profile := ""
	for i, r := range d.rows {
		e := r.Event()
		if i == 0 || r.profile != profile {
			profile = r.profile
			a.print("%s\n", cmp.Or(profile, "(no profile)"))
		}
		want := propose.Asks(&e)
		a.print("%7dx  %-8s %s  %s", r.Count, string(e.Mode), shownTime(r.Last), propose.Describe(e.Operation, want))
		if e.Comm != "" {
			a.print("  (%s)", e.Comm)
		}
		if e.Info != "" {
			a.print("  %s", e.Info)
		}
		if b, err := w.block(&e, want); err != nil {
			return err
		} else if b != nil {
			a.print("\n%s%s: %s, %s", strings.Repeat(" ", 10), b.Verdict, b.Intent, b.Place)
		}
		fmt.Fprintln(a.stdout)
	}
	a.denialsSummary(log, d)
	return nil
}

// shownTime spells a time without its seconds' parts, in the machine's zone.
func shownTime(t time.Time) string {
	if t.IsZero() {
		return "                   "
	}
	return t.Local().Format(time.DateTime)
}

// shownUnread is how many of the lines that could not be read are shown.
const shownUnread = 10

// denialsSummary tells the counts, and the lines that could not be read.
func (a *app) denialsSummary(log *audit.Log, d denialList) {
	fmt.Fprintf(a.stderr, "%s in %s, %d of them distinct; %d other records\n", count(int(d.total), "denial"), count(int(log.Lines), "line"), len(d.rows), d.others)
	if log.Suppressed > 0 {
		fmt.Fprintf(a.stderr, "%d more records were left out by the kernel, which logs only so many a second\n", log.Suppressed)
	}
	unread := log.Unread()
	for _, u := range unread[:min(len(unread), shownUnread)] {
		fmt.Fprintf(a.stderr, "%s:%d: %s: %s\n  %s\n", diag.Printable(u.File), u.Line, u.Status, u.Problem, diag.Printable(string(u.Text[:min(len(u.Text), 300)])))
	}
	if log.Damaged+log.Foreign > 0 {
		fmt.Fprintf(a.stderr, "%d damaged and %d foreign lines are not counted as denials; `--format json` lists them\n", log.Damaged, log.Foreign)
	}
}

// blockInfo is the part of a policy that a denial is about.
type blockInfo struct {
	Verdict propose.Verdict `json:"verdict"`
	Profile string          `json:"profile"`
	Intent  string          `json:"intent"`
	Place   string          `json:"place"`
	Range   diag.Range      `json:"range"`
}

// block finds the part of the policy that an event is about: the deny that
// wins, the rule that comes near, or the body that a rule is missing in. It
// returns nil where no policy makes the profile.
func (w *answerer) block(e *audit.Event, want propose.Want) (*blockInfo, error) {
	if w == nil {
		return nil, nil
	}
	at, err := w.locate(e)
	if err != nil || at.profile == nil {
		return nil, err
	}
	f := propose.Decide(at.module, at.profile, want)
	o := at.profile.Origin
	for _, rules := range [][]ir.Rule{f.Deny, f.Allow, f.Near} {
		if len(rules) > 0 && want.File() {
			o = rules[0].Origins[0]
			break
		}
		if len(rules) > 0 && f.Verdict == propose.Denied {
			o = rules[0].Origins[0]
			break
		}
	}
	return &blockInfo{f.Verdict, at.module.FullName(at.profile), o.Intent, fmt.Sprintf("%s:%d", o.Range.File, o.Range.Start.Line), o.Range}, nil
}

// denialJSON is one entry of the list; SPEC.md documents it.
type denialJSON struct {
	Count     int64      `json:"count"`
	First     string     `json:"first,omitempty"`
	Last      string     `json:"last,omitempty"`
	File      string     `json:"file"`
	Line      int64      `json:"line"`
	Mode      audit.Mode `json:"mode"`
	Profile   string     `json:"profile"`
	Operation string     `json:"operation"`
	Kind      audit.Kind `json:"kind"`
	Name      string     `json:"name,omitempty"`
	Target    string     `json:"target,omitempty"`
	Requested string     `json:"requested,omitempty"`
	Denied    string     `json:"denied,omitempty"`
	Comm      string     `json:"comm,omitempty"`
	Peer      string     `json:"peer,omitempty"`
	Info      string     `json:"info,omitempty"`
	FSUID     *audit.ID  `json:"fsuid,omitempty"`
	OUID      *audit.ID  `json:"ouid,omitempty"`
	User      bool       `json:"user,omitempty"`
	Wants     string     `json:"wants"`
	Raw       string     `json:"raw"`
	Policy    *blockInfo `json:"policy,omitempty"`
}

type unreadJSON struct {
	Status  string `json:"status"`
	Problem string `json:"problem"`
	File    string `json:"file"`
	Line    int64  `json:"line"`
	Text    string `json:"text"`
}

// denialsJSON writes the list as one object, an entry a line, so that it need
// not be held at once.
func (a *app) denialsJSON(log *audit.Log, d denialList, w *answerer) error {
	out := jsonLines{w: a.stdout}
	out.text("{\"denials\": [")
	for i, r := range d.rows {
		e := r.Event()
		want := propose.Asks(&e)
		b, err := w.block(&e, want)
		if err != nil {
			return err
		}
		out.item(i, entryFor(r, &e, want, b))
	}
	out.text("\n], \"unread\": [")
	for i, u := range log.Unread() {
		out.item(i, unreadJSON{u.Status.String(), u.Problem, u.File, u.Line, string(u.Text)})
	}
	out.text("\n], \"counts\": ")
	out.value(map[string]int64{"lines": log.Lines, "records": log.Records, "denials": d.total, "other": d.others,
		"damaged": log.Damaged, "foreign": log.Foreign, "suppressed": log.Suppressed})
	out.text("}\n")
	if out.err != nil {
		return machineError(out.err)
	}
	return nil
}

func entryFor(r row, e *audit.Event, want propose.Want, b *blockInfo) denialJSON {
	return denialJSON{
		Count: r.Count, First: rfc3339(r.First), Last: rfc3339(r.Last), File: r.File, Line: r.Line,
		Mode: e.Mode, Profile: e.Profile, Operation: e.Operation, Kind: e.Kind(), Name: e.Name, Target: e.Target,
		Requested: e.Requested, Denied: e.Denied, Comm: e.Comm, Peer: e.Peer, Info: e.Info, FSUID: known(e.FSUID), OUID: known(e.OUID),
		User: e.User, Wants: propose.Describe(e.Operation, want), Raw: e.Raw, Policy: b,
	}
}

func known(id audit.ID) *audit.ID {
	if id == audit.NoID {
		return nil
	}
	return &id
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// jsonLines writes JSON piece by piece and keeps the first error.
type jsonLines struct {
	w   io.Writer
	err error
}

func (j *jsonLines) text(s string) {
	if j.err == nil {
		_, j.err = io.WriteString(j.w, s)
	}
}

func (j *jsonLines) item(i int, v any) {
	if i > 0 {
		j.text(",")
	}
	j.text("\n  ")
	j.value(v)
}

func (j *jsonLines) value(v any) {
	text, err := json.Marshal(v)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.text(string(text))
}
