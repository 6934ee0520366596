import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The words by which the end-to-end tests use this client; results are JSON lines on stdout, the failure on stderr. */
public final class Main {
    private static final String HOST = System.getenv("KARTENWART_HOST");
    private static final Path FOLDER = Path.of(System.getenv("KARTENWART_FOLDER"));

    private Main() {}

    public static void main(String[] words) throws Exception {
        int port = Integer.parseInt(words[1]);
        try {
            switch (words[0]) {
                case "enrol-code" -> say(Map.of("workstation", new Enrolment(HOST, port).byCode(
                        words[2], words[3], code -> say(Map.of("code", code)), own -> own.equals(typed()), FOLDER)));
                case "enrol-token" -> say(Map.of("workstation",
                        new Enrolment(HOST, port).byToken(typed(), words[2], words[3], FOLDER)));
                default -> call(new Box(FOLDER, HOST, port), words);
            }
        } catch (Door.CallFailed failed) {
            fail(failed.reason, failed.getMessage());
        } catch (IOException | SecurityException error) {
            fail("", error.toString());
        }
    }

    private static void call(Box box, String[] words) throws Exception {
        switch (words[0]) {
            case "list" -> say(Map.of("cards", box.cards()));
            case "watch" -> watch(box, Integer.parseInt(words[2]));
            case "verify" -> {
                Map<String, Object> request = request(words[2], words, 4);
                request.put("pin", words[3]);
                request.put("force", true); // the test plays a person who wants to be asked
                say(described(box.verifyPin(request)));
            }
            case "sign" -> {
                byte[] content = Files.readAllBytes(Path.of(words[3]));
                Map<String, Object> job = box.sign(content, words[5], words[6], request(words[2], words, 7));
                Map<String, Object> told = described(job);
                box.fetch(Json.objects(Json.object(job.get("signDocuments")).get("documents")).get(0), Path.of(words[4]));
                say(told);
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static void watch(Box box, int count) throws Exception {
        try (var pictures = box.pictures()) {
            pictures.limit(count).forEach(picture -> {
                List<Map<String, Object>> cards = Json.objects(picture.get("cards"));
                say(Map.of("types", cards.stream().map(card -> card.get("type")).toList()));
            });
        }
    }

    private static Map<String, Object> request(String card, String[] words, int user) {
        Map<String, Object> request = new HashMap<>();
        request.put("requestId", UUID.randomUUID().toString());
        request.put("card", card);
        request.put("user", words.length > user ? words[user] : "");
        request.put("acceptUnknownAttempts", true); // the simulator tells no attempts before the first entry
        return request;
    }

    private static Map<String, Object> described(Map<String, Object> job) {
        if (job.containsKey("failure")) {
            Map<String, Object> failure = Json.object(job.get("failure"));
            throw new Door.CallFailed(Map.of("message", failure.get("title"), "details", List.of(
                    Map.of("type", "kartenwart.api.failure.v1.Failure", "debug", failure))));
        }
        Map<String, Object> told = new HashMap<>(Map.of("state", job.get("state")));
        told.put("jobNumber", job.getOrDefault("jobNumber", ""));
        told.put("outcome", Json.object(job.get("verifyPin")).getOrDefault("outcome", ""));
        return told;
    }

    private static String typed() {
        try {
            String line = new BufferedReader(new InputStreamReader(System.in)).readLine();
            return line == null ? "" : line.strip();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static void say(Map<String, ?> value) {
        System.out.println(Json.write(value));
        System.out.flush();
    }

    private static void fail(String reason, String message) {
        System.err.println(Json.write(Map.of("reason", reason, "message", message)));
        System.exit(1);
    }
}
