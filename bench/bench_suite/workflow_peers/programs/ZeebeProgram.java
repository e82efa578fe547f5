import io.camunda.zeebe.client.ZeebeClient;
import io.camunda.zeebe.client.api.command.FinalCommandStep;
import io.camunda.zeebe.client.api.response.ActivatedJob;
import io.camunda.zeebe.client.api.worker.JobClient;
import io.camunda.zeebe.model.bpmn.Bpmn;
import io.camunda.zeebe.model.bpmn.BpmnModelInstance;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** Zeebe's workers ({@code work PORT}) and load generator ({@code load PORT [OPTIONS]}, see load.py). */
class ZeebeProgram {
  static final Map<String, Object> RESULT =
      Map.of("step1", 1, "step2", 2, "step3", 3, "step4", 4, "event", "done", "step5", 5, "step6", 6);
  static final Set<Status.Code> PUSHED_BACK = EnumSet.of(Status.Code.RESOURCE_EXHAUSTED, Status.Code.UNAVAILABLE);
  static final long BACK_OFF_MS = 20;
  static final Duration JOB_TIMEOUT = Duration.ofSeconds(10); // what gets lost is worked on again, within the round

  public static void main(String[] words) throws Exception {
    try (var client = ZeebeClient.newClientBuilder().gatewayAddress("127.0.0.1:" + words[1]).usePlaintext()
        .defaultRequestTimeout(Duration.ofSeconds(60)).numJobWorkerExecutionThreads(2).build()) {
      if (words[0].equals("work")) {
        work(client);
      } else {
        new Load(client, words).run();
      }
    }
  }

  static ZeebeClient world;

  static void work(ZeebeClient client) throws InterruptedException {
    world = client;
    untilTaken(client.newDeployResourceCommand().addProcessModel(model(), "bench.bpmn"));
    client.newWorker().jobType("step").handler(ZeebeProgram::step).streamEnabled(true).maxJobsActive(64)
        .timeout(JOB_TIMEOUT).open();
    System.out.println("working");
    Thread.currentThread().join();
  }

  static BpmnModelInstance model() {
    var flow = Bpmn.createExecutableProcess("bench").startEvent();
    var before = flow.serviceTask("step1", task -> task.zeebeJobType("step"))
        .serviceTask("step2", task -> task.zeebeJobType("step"))
        .serviceTask("step3", task -> task.zeebeJobType("step"))
        .serviceTask("step4", task -> task.zeebeJobType("step"));
    return before.intermediateCatchEvent("awaited",
            event -> event.message(message -> message.name("event").zeebeCorrelationKeyExpression("key")))
        .serviceTask("step5", task -> task.zeebeJobType("step"))
        .serviceTask("step6", task -> task.zeebeJobType("step"))
        .endEvent().done();
  }

  /** The fourth tells the world, which sends the event in its own time. */
  static void step(JobClient jobs, ActivatedJob job) {
    var name = job.getElementId();
    var done = jobs.newCompleteCommand(job).variables(Map.of(name, Integer.parseInt(name.substring(4))));
    Thread.startVirtualThread(() -> untilTaken(done));
    if (name.equals("step4")) {
      var key = job.getVariable("key").toString();
      Thread.startVirtualThread(() -> untilTaken(world.newPublishMessageCommand().messageName("event")
          .correlationKey(key).variables(Map.of("event", "done")).timeToLive(Duration.ofMinutes(2))));
    }
  }

  /** Sends a command again for as long as the broker pushes back. */
  static <T> T untilTaken(FinalCommandStep<T> command) {
    while (true) {
      try {
        return command.send().join();
      } catch (RuntimeException error) {
        if (!PUSHED_BACK.contains(Status.fromThrowable(error).getCode())) throw error;
        try {
          Thread.sleep(BACK_OFF_MS);
        } catch (InterruptedException interrupted) {
          throw new IllegalStateException(interrupted);
        }
      }
    }
  }

  /** The load that was asked for. */
  static class Load {
    final ZeebeClient client;
    final String name = UUID.randomUUID().toString();
    final AtomicInteger started = new AtomicInteger(), right = new AtomicInteger(), counted = new AtomicInteger();
    final List<Double> latenciesMs = Collections.synchronizedList(new ArrayList<>());
    final int inFlight;
    final double rate, warm, seconds, begin, end;

    Load(ZeebeClient client, String[] words) {
      var options = Arrays.asList(words);
      this.client = client;
      inFlight = (int) option(options, "--in-flight");
      rate = option(options, "--rate");
      seconds = option(options, "--seconds");
      warm = option(options, "--warm");
      begin = now() + warm;
      end = begin + seconds;
    }

    void run() throws Exception {
      var cpu = cpuSeconds();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Future<?> one : inFlight > 0 ? keepOpen(threads) : pace(threads)) one.get();
      }
      var latencies = latenciesMs.stream().map(ms -> String.format(Locale.ROOT, "%.2f", ms));
      System.out.printf(Locale.ROOT, "{\"started\": %d, \"right\": %d, \"counted\": %d, \"seconds\": %f, "
          + "\"latencies_ms\": [%s], \"cpu_s\": %f, \"ended_at\": %f}%n", started.get(), right.get(), counted.get(),
          seconds, latencies.collect(Collectors.joining(", ")), cpuSeconds() - cpu,
          System.currentTimeMillis() / 1e3);
    }

    List<Future<?>> keepOpen(ExecutorService threads) {
      List<Future<?>> slots = new ArrayList<>();
      for (int slot = 0; slot < inFlight; slot++) {
        // Spread over half the warm-up: started at once, they would go on to end at once, wave by wave.
        var delayMs = (long) (500 * warm * slot / inFlight);
        slots.add(threads.submit(() -> {
          Thread.sleep(delayMs);
          do one(now(), false); while (now() < end);
          return null;
        }));
      }
      return slots;
    }

    List<Future<?>> pace(ExecutorService threads) throws InterruptedException {
      List<Future<?>> running = new ArrayList<>();
      var first = now();
      for (double due = first; due < end; due = first + running.size() / rate) {
        Thread.sleep((long) Math.max(0, 1000 * (due - now())));
        var wanted = due;
        running.add(threads.submit(() -> one(wanted, true)));
      }
      return running;
    }

    void one(double due, boolean countsWhenDue) {
      var key = name + "-" + started.getAndIncrement();
      var result = untilTaken(client.newCreateInstanceCommand().bpmnProcessId("bench").latestVersion()
          .variables(Map.of("key", key)).withResult().requestTimeout(Duration.ofMinutes(2))).getVariablesAsMap();
      var ended = now();
      result.remove("key");
      if (result.equals(RESULT)) right.incrementAndGet();
      if (begin <= ended && ended < end) counted.incrementAndGet();
      var at = countsWhenDue ? due : ended;
      if (begin <= at && at < end) latenciesMs.add(1000 * (ended - due));
    }

    static double option(List<String> words, String name) {
      return words.contains(name) ? Double.parseDouble(words.get(words.indexOf(name) + 1)) : 0;
    }

    static double now() {
      return System.nanoTime() / 1e9;
    }

    static double cpuSeconds() {
      return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }
  }
}
