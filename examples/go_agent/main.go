// A DIAGNOSIS agent in Go, from docs/contracts.md alone: commands in, replies out, each with a session on
// agent.activity that says that it was handled.
//
//	KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 go run .
//
// TOPIC_PREFIX and APP_ID are for a system with other names; SCHEMAS is the folder of the .avsc files. WORKER: a name of
// this process that no other on this host has, and that it has again after a restart.
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Single-object encoding: c3 01, the fingerprint of the schema, the record.
var (
	replyPrefix    = unhex("c3019ba8bb275d7f823f")
	activityPrefix = unhex("c3016d55b46d9601145c")
	// Every version of a command is read by its own schema: a newer one has fields that this agent does not use.
	commandSchemas = map[string]string{
		string(unhex("c3016e88da76789e42bf")): "command.v1",
		string(unhex("c301e914f67a2e8d711e")): "command.v2",
		string(unhex("c3011cef157b6e13fccb")): "command.v3",
		string(unhex("c30110a35016a606135a")): "command.v4",
		string(unhex("c3010c7d0b49a2fe44fa")): "command.v5",
		string(unhex("c301c1dcdc52f5568858")): "command.v6",
		string(unhex("c301359204e21edfc453")): "command.v7",
	}
)

const prefixBytes = 10

const remembered = 20_000

const (
	actor  = "agent:DIAGNOSIS"
	aliveS = 60
)

type agent struct {
	client   *kgo.Client
	commands map[string]*goavro.Codec
	reply    *goavro.Codec
	activity *goavro.Codec
	replies  string
	sessions string
	instance string
	startMs  int64
	records  int64 // numbered without holes
	wroteAt  time.Time
	// Finished commands and their replies: a repeat gets the same one. A real agent keeps them where a restart finds them.
	answered map[string][]byte
	order    []string
}

func main() {
	prefix, appID := os.Getenv("TOPIC_PREFIX"), orElse("APP_ID", "master-orchestrator")
	schemas := orElse("SCHEMAS", "../../schemas/master_orchestrator_schemas/avro")
	var topics []string
	for _, lane := range []string{"urgent", "high", "scheduled", "routine"} { // in this order
		topics = append(topics, prefix+"agent.diagnosis."+lane)
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(orElse("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"), ",")...),
		kgo.ClientID("go-agent"),
		// The group of all runners of this type: with another one a command would be handled twice.
		kgo.ConsumerGroup(appID+"-agent-diagnosis"),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DisableAutoCommit(),
		// Idempotent with acks=all is the default. So is the murmur2 of the Java client, here by its name.
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	one := &agent{
		client: client, commands: map[string]*goavro.Codec{}, reply: load(schemas, "reply.v1"),
		replies: prefix + "agent.replies", answered: map[string][]byte{},
		activity: load(schemas, "activity.v1"), sessions: prefix + "agent.activity",
		instance: orElse("WORKER", "go") + "@" + host(), startMs: time.Now().UnixMilli(), wroteAt: time.Now(),
	}
	for start, name := range commandSchemas {
		one.commands[start] = load(schemas, name)
	}
	log.Print("ready")
	for ctx.Err() == nil {
		one.turn(ctx)
	}
	one.say(context.Background(), true)
}

// turn handles what one poll brings, one command after the other, and commits after their replies are delivered: a crash
// in between means a repeat.
func (a *agent) turn(ctx context.Context) {
	if time.Since(a.wroteAt) >= aliveS*time.Second {
		a.say(ctx, false)
	}
	polling, over := context.WithTimeout(ctx, aliveS*time.Second)
	defer over()
	fetches := a.client.PollFetches(polling)
	if ctx.Err() != nil {
		return
	}
	fetches.EachError(func(topic string, partition int32, err error) {
		if !errors.Is(err, context.DeadlineExceeded) { // nothing came
			log.Printf("%s[%d]: %v", topic, partition, err)
		}
	})
	fetches.EachRecord(func(record *kgo.Record) {
		if err := a.handle(ctx, record); err != nil && ctx.Err() == nil {
			log.Fatalf("%s[%d]@%d: %v", record.Topic, record.Partition, record.Offset, err)
		}
	})
	if err := a.client.CommitUncommittedOffsets(ctx); err != nil && ctx.Err() == nil {
		log.Printf("commit: %v", err)
	}
}

func (a *agent) handle(ctx context.Context, record *kgo.Record) error {
	start := record.Value[:min(prefixBytes, len(record.Value))]
	codec, known := a.commands[string(start)]
	if !known {
		return fmt.Errorf("not a command that this agent knows: %x", start)
	}
	native, _, err := codec.NativeFromBinary(record.Value[prefixBytes:])
	if err != nil {
		return err
	}
	asked := native.(map[string]any)
	if asked["deadline_ms"].(int64) < time.Now().UnixMilli() {
		late, err := a.session(asked, "FAILURE", 0, false) // the engine's timer has ended this try
		if err != nil {
			return err
		}
		return a.client.ProduceSync(ctx, late).FirstErr()
	}
	var sent []*kgo.Record
	id := asked["command_id"].(string)
	value, repeated := a.answered[id]
	if !repeated {
		given := answer(asked)
		if value, err = a.reply.BinaryFromNative(bytes.Clone(replyPrefix), given); err != nil {
			return err
		}
		a.remember(id, value)
		done, err := a.session(asked, "SUCCESS", given["handled_in_ms"].(int64), false)
		if err != nil {
			return err
		}
		sent = append(sent, done)
	}
	return a.client.ProduceSync(ctx, append(sent, &kgo.Record{
		Topic: a.replies, Key: []byte(asked["vehicle_id"].(string)), Value: value, Headers: headers(id, record),
	})...).FirstErr()
}

// session is the record of what was done for a command, or without one that the process lives. An act with data goes into
// acts: action READ, resource dtc_kb, outcome SUCCESS, error NONE, count 1, rows and max_rows 3; one that the charter does
// not allow must not be done.
func (a *agent) session(asked map[string]any, outcome string, tookMs int64, goodbye bool) (*kgo.Record, error) {
	of := func(name string) string {
		text, _ := asked[name].(string)
		return text
	}
	id := fmt.Sprintf("%s#%s#%d#%d", of("command_id"), a.instance, a.startMs, a.records)
	native := map[string]any{
		"activity_id": id, "actor": actor, "kind": "agent", "instance": a.instance, "start_ms": a.startMs,
		"version": goavro.Union("string", "1"), "seq": a.records, "phase": "DONE", "at_ms": time.Now().UnixMilli(),
		"took_ms": tookMs, "outcome": outcome, "acts": []any{}, "goodbye": goodbye,
	}
	if asked != nil {
		native["session"] = goavro.Union("string", of("command_id"))
		native["workflow_id"] = goavro.Union("string", of("workflow_id"))
		native["entity"] = goavro.Union("string", of("vehicle_id"))
		native["priority"] = goavro.Union("int", asked["priority"])
	}
	value, err := a.activity.BinaryFromNative(bytes.Clone(activityPrefix), native)
	a.records, a.wroteAt = a.records+1, time.Now()
	return &kgo.Record{Topic: a.sessions, Key: []byte(actor), Value: value, Headers: envelope(id, "Activity")}, err
}

// say tells that the process lives, or ends in order.
func (a *agent) say(ctx context.Context, goodbye bool) {
	record, err := a.session(nil, "SUCCESS", 0, goodbye)
	if err == nil {
		err = a.client.ProduceSync(ctx, record).FirstErr()
	}
	if err != nil {
		log.Printf("activity: %v", err)
	}
}

func answer(asked map[string]any) map[string]any {
	started := time.Now()
	result := diagnose(asked["payload"].(map[string]any)["master_orchestrator.DiagnosisTask"].(map[string]any))
	return map[string]any{
		"command_id": asked["command_id"], "workflow_id": asked["workflow_id"], "vehicle_id": asked["vehicle_id"],
		"agent": "DIAGNOSIS", "worker": fmt.Sprintf("go-%d", os.Getpid()),
		"handled_in_ms": time.Since(started).Milliseconds(),
		"result":        goavro.Union("master_orchestrator.DiagnosisResult", result),
		"failure":       nil, // or a master_orchestrator.Failure: after RETRYABLE the engine tries again
	}
}

// diagnose leaves out what has a default in the schema.
func diagnose(task map[string]any) map[string]any {
	for _, finding := range task["findings"].([]any) {
		if finding.(map[string]any)["subsystem"] == "cooling" {
			return map[string]any{"severity": 0.9, "probability": 0.8, "safe_to_drive": false, "summary": "Overheating."}
		}
	}
	return map[string]any{"severity": 0.2, "probability": 0.2, "safe_to_drive": true, "summary": "Nothing found."}
}

func headers(id string, record *kgo.Record) []kgo.RecordHeader {
	made := envelope(id, "Reply")
	for _, header := range record.Headers {
		if header.Key == "traceparent" {
			made = append(made, header)
		}
	}
	return made
}

func envelope(id, kind string) []kgo.RecordHeader {
	return []kgo.RecordHeader{
		{Key: "ce_specversion", Value: []byte("1.0")}, {Key: "ce_id", Value: []byte(id)},
		{Key: "ce_type", Value: []byte("master_orchestrator." + kind)}, {Key: "ce_source", Value: []byte("go-agent")},
	}
}

func (a *agent) remember(id string, value []byte) {
	a.answered[id] = value
	if a.order = append(a.order, id); len(a.order) > remembered {
		delete(a.answered, a.order[0])
		a.order = a.order[1:]
	}
}

func load(folder, name string) *goavro.Codec {
	text, err := os.ReadFile(folder + "/" + name + ".avsc")
	if err != nil {
		log.Fatal(err)
	}
	codec, err := goavro.NewCodec(string(text))
	if err != nil {
		log.Fatal(err)
	}
	return codec
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return "host"
	}
	return name
}

func unhex(text string) []byte {
	made, err := hex.DecodeString(text)
	if err != nil {
		log.Fatal(err)
	}
	return made
}

func orElse(name, other string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return other
}
