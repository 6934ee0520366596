import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

/** One port of a box that speaks JSON. The JDK's client repeats no POST by itself, and neither do we. */
final class Door {
    private final HttpClient client;
    private final String address;

    Door(String host, int port, SSLContext tls) {
        client = HttpClient.newBuilder()
                .sslContext(tls)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(5))
                .build();
        address = "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port + "/kartenwart.api.";
    }

    // [quick start: call]
    /** Calls e.g. "card.v1.CardService/ListCards"; throws CallFailed with the reason of a refusal. */
    Map<String, Object> call(String method, Map<String, ?> message) throws IOException, InterruptedException {
        HttpRequest request = post(method, message).timeout(Duration.ofSeconds(35)).build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        Map<String, Object> answer = Json.object(response.body());
        if (response.statusCode() != 200) {
            throw new CallFailed(answer);
        }
        return answer;
    }

    /** Opens a stream, one reply per line: {"result": ...}, or {"error": ...} as the last. */
    Stream<Map<String, Object>> stream(String method, Map<String, ?> message) throws IOException, InterruptedException {
        HttpRequest request = post(method, message).header("Accept", "application/x-ndjson").build();
        return client.send(request, BodyHandlers.ofLines()).body().map(Json::object).map(line -> {
            Object error = line.containsKey("result") ? null : line.getOrDefault("error", line);
            if (error != null) {
                throw new CallFailed(Json.object(error));
            }
            return Json.object(line.get("result"));
        });
    }

    private HttpRequest.Builder post(String method, Map<String, ?> message) {
        return HttpRequest.newBuilder(URI.create(address + method))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(message)));
    }

    /** A refused call: decide by `reason`, never by text. */
    static final class CallFailed extends RuntimeException {
        private static final long serialVersionUID = 1;
        final String reason;

        CallFailed(Map<String, Object> error) {
            super(String.valueOf(error.get("message")));
            reason = Json.objects(error.get("details")).stream()
                    .filter(detail -> "kartenwart.api.failure.v1.Failure".equals(detail.get("type")))
                    .map(detail -> String.valueOf(Json.object(detail.get("debug")).get("reason")))
                    .findFirst()
                    .orElse("");
        }
    }
    // [end of quick start]
}
