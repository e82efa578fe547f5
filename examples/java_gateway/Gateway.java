// A gateway in Java, with the defaults of Kafka's client: one reading for each vehicle on the command line.
//
//   java -cp 'libs/*' Gateway.java fleet-7.0042
//
// libs holds kafka-clients and what it needs, as `.kafka/libs` does. A JDK from 17 on runs the file as it is.
// KAFKA_BOOTSTRAP_SERVERS is where Kafka is; TOPIC_PREFIX is for a system with other names.

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Gateway {
    // Under this name the engine counts what it cannot use, and tells of it in sender.feedback.
    private static final byte[] SOURCE = "java-gateway".getBytes(StandardCharsets.UTF_8);

    public static void main(String[] vehicles) throws Exception {
        String topic = setting("TOPIC_PREFIX", "") + "vehicle.telemetry";
        // Java's defaults are what the contract asks for: murmur2 of the key, idempotence, acks=all.
        Map<String, Object> config = Map.of("bootstrap.servers", setting("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"));
        Map<String, Future<RecordMetadata>> sent = new LinkedHashMap<>();
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (String vehicle : vehicles) {
                var record = new ProducerRecord<>(topic, vehicle, reading(vehicle));
                record.headers().add("ce_source", SOURCE);
                sent.put(vehicle, producer.send(record));
            }
            for (var one : sent.entrySet()) { // get throws if the broker did not acknowledge the reading
                RecordMetadata place = one.getValue().get();
                System.out.println(one.getKey() + " " + place.partition() + " " + place.offset());
            }
        }
    }

    // A vehicle_id has only letters, digits and . _ : - and needs no escapes. The check opens a workflow.
    private static String reading(String vehicle) {
        return """
            {"vehicle_id": "%s", "timestamp": "%s", "engine_temp": 96.5, "rpm": 2450, "check_requested": true}
            """.formatted(vehicle, Instant.now());
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
