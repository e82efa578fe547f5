// A gateway with one of the Go clients of docs/contracts.md: one check for each vehicle on the command line.
//
//	go run . sarama fleet-7.0042
//
// The client's name says whether it has the line of the documentation, or its own default.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

type send func(brokers []string, topic string, vehicles []string) error

var clients = map[string]send{
	"franz-go":         franz,
	"sarama":           withSarama(sarama.NewMurmur2Partitioner),
	"sarama-default":   withSarama(nil),
	"kafka-go":         withSegmentio(&kafka.Murmur2Balancer{}),
	"kafka-go-default": withSegmentio(nil),
}

func main() {
	client, vehicles := os.Args[1], os.Args[2:]
	brokers := strings.Split(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), ",")
	if err := clients[client](brokers, os.Getenv("TOPIC_PREFIX")+"vehicle.telemetry", vehicles); err != nil {
		log.Fatal(err)
	}
}

func franz(brokers []string, topic string, vehicles []string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	var records []*kgo.Record
	for _, vehicle := range vehicles {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(vehicle), Value: reading(vehicle)})
	}
	return client.ProduceSync(context.Background(), records...).FirstErr()
}

func withSarama(partitioner sarama.PartitionerConstructor) send {
	return func(brokers []string, topic string, vehicles []string) error {
		config := sarama.NewConfig()
		config.Version = sarama.V2_8_0_0
		config.Producer.Idempotent = true
		config.Producer.RequiredAcks = sarama.WaitForAll
		config.Net.MaxOpenRequests = 1
		config.Producer.Return.Successes = true
		if partitioner != nil {
			config.Producer.Partitioner = partitioner
		}
		producer, err := sarama.NewSyncProducer(brokers, config)
		if err != nil {
			return err
		}
		defer producer.Close()
		var messages []*sarama.ProducerMessage
		for _, vehicle := range vehicles {
			key, value := sarama.StringEncoder(vehicle), sarama.ByteEncoder(reading(vehicle))
			messages = append(messages, &sarama.ProducerMessage{Topic: topic, Key: key, Value: value})
		}
		return producer.SendMessages(messages)
	}
}

func withSegmentio(balancer kafka.Balancer) send {
	return func(brokers []string, topic string, vehicles []string) error {
		writer := &kafka.Writer{
			Addr: kafka.TCP(brokers...), Topic: topic, Balancer: balancer,
			RequiredAcks: kafka.RequireAll, BatchTimeout: 10 * time.Millisecond,
		}
		defer writer.Close()
		var messages []kafka.Message
		for _, vehicle := range vehicles {
			messages = append(messages, kafka.Message{Key: []byte(vehicle), Value: reading(vehicle)})
		}
		return writer.WriteMessages(context.Background(), messages...)
	}
}

func reading(vehicle string) []byte {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return fmt.Appendf(nil, `{"vehicle_id": %q, "timestamp": %q, "engine_temp": 96.5, "check_requested": true}`, vehicle, now)
}
