import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A box, called by JSON over HTTPS with what an enrolment left in a folder. */
final class Box {
    private static final Set<String> ENDS =
            Set.of("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_OUTCOME_UNKNOWN");

    private final Door door;

    Box(Path folder, String host, int port) throws Exception {
        X509Certificate root = certificate(Files.readAllBytes(folder.resolve("root.pem")));
        X509Certificate own = certificate(Files.readAllBytes(folder.resolve("certificate.pem")));
        String boxId = Files.readString(folder.resolve("box-id")).strip();
        door = new Door(host, port, Tls.context(root, boxId, Tls.client(key(folder.resolve("key.pem")), own)));
    }

    // [quick start: list and watch]
    List<Map<String, Object>> cards() throws Exception {
        return Json.objects(door.call("card.v1.CardService/ListCards", Map.of()).get("cards"));
    }

    /** The whole picture, at once and again on each change. */
    Stream<Map<String, Object>> pictures() throws Exception {
        return door.stream("inventory.v1.InventoryService/WatchInventory", Map.of())
                .map(reply -> Json.object(reply.get("inventory")));
    }
    // [end of quick start]

    // [quick start: verify]
    /** Lets a person enter a PIN at a terminal. Ask again with the same requestId: nobody is asked twice. */
    Map<String, Object> verifyPin(Map<String, ?> request) throws Exception {
        return ended(Json.object(door.call("pin.v1.PinService/VerifyPin", request).get("job")));
    }

    private Map<String, Object> ended(Map<String, Object> job) throws Exception {
        while (!ENDS.contains(job.get("state").toString())) {
            Map<String, ?> request = Map.of("name", job.get("name"), "wait", "25s");
            job = Json.object(door.call("job.v1.JobService/WaitJob", request).get("job"));
        }
        return job;
    }
    // [end of quick start]

    // [quick start: sign]
    Map<String, Object> sign(byte[] content, String mimeType, String format, Map<String, ?> request) throws Exception {
        String document = upload(content, mimeType);
        Map<String, Object> whole = new HashMap<>(request);
        whole.put("documents", List.of(Map.of("document", document, "format", format, "shortText", "Arztbrief")));
        return ended(Json.object(door.call("signature.v1.SignatureService/SignDocuments", whole).get("job")));
    }

    private String upload(byte[] content, String mimeType) throws Exception {
        Map<String, Object> created = door.call("document.v1.DocumentService/CreateDocument", Map.of(
                "size", content.length, "sha256", sha256(content), "mimeType", mimeType));
        String name = Json.object(created.get("document")).get("name").toString();
        int step = ((Number) created.get("chunkSize")).intValue();
        for (int offset = 0; offset < content.length; offset += step) {
            byte[] chunk = Arrays.copyOfRange(content, offset, Math.min(content.length, offset + step));
            String data = Base64.getEncoder().encodeToString(chunk);
            door.call("document.v1.DocumentService/UploadChunk",
                    Map.of("document", name, "offset", offset, "data", data));
        }
        return name;
    }

    /** Fetches a result and compares its hash, stores it, and only then lets the box delete it. */
    void fetch(Map<String, Object> signed, Path out) throws Exception {
        Object name = signed.get("output");
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        Object data;
        do {
            data = door.call("document.v1.DocumentService/DownloadChunk",
                    Map.of("document", name, "offset", content.size())).get("data");
            content.writeBytes(Base64.getDecoder().decode(data == null ? "" : data.toString()));
        } while (data != null);
        if (!sha256(content.toByteArray()).equals(signed.get("outputSha256"))) {
            throw new IllegalStateException("the hash of the result differs");
        }
        Files.write(out, content.toByteArray());
        door.call("document.v1.DocumentService/DeleteDocument", Map.of("document", name));
    }
    // [end of quick start]

    static X509Certificate certificate(byte[] pemOrDer) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(pemOrDer));
    }

    private static PrivateKey key(Path pem) throws Exception {
        String base64 = Files.readString(pem).replaceAll("-----[A-Z ]+-----", "");
        byte[] der = Base64.getMimeDecoder().decode(base64);
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }
}
