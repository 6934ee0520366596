import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import javax.net.ssl.SSLSocket;

/** Makes this workstation known to a box: by comparing codes, or by a one-time token. */
final class Enrolment {
    private static final String EXCHANGE = "enrolment.v1.EnrolmentExchangeService/";
    private static final long POLL_MILLISECONDS = 500;

    private final X509Certificate root;
    private final String boxId;
    private final Door door;
    private final KeyPair keys;

    /** Looks at the chain that the enrolment port shows; from then on only its root and box count. */
    Enrolment(String host, int port) throws Exception {
        X509Certificate[] chain = presented(host, port);
        root = chain[chain.length - 1];
        boxId = Tls.dnsNames(chain[0]).stream()
                .filter(name -> name.matches("box-[0-9a-z]+"))
                .findFirst()
                .orElseThrow(() -> new SecurityException("the certificate names no box"));
        door = new Door(host, port, Tls.context(root, boxId)); // proves the chain at each handshake
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        keys = generator.generateKeyPair();
    }

    /** `show` gets the code, `confirm` answers whether the box shows the same. Returns the workstation's name. */
    String byCode(String role, String label, Consumer<String> show, Predicate<String> confirm, Path folder)
            throws Exception {
        byte[] nonce = new byte[32];
        new SecureRandom().nextBytes(nonce);
        byte[] publicKey = keys.getPublic().getEncoded();
        byte[] commitment = Exchange.commitment(nonce, publicKey, role, label);
        Map<String, Object> committed = call("Commit", Map.of(
                "publicKey", base64(publicKey), "role", role, "label", label, "commitment", base64(commitment)));
        if (!boxId.equals(committed.get("boxId"))) {
            throw new SecurityException("the box gives itself another name than its certificate does");
        }
        String enrolment = committed.get("enrolment").toString();
        byte[] boxNonce = bytes(committed.get("boxNonce"));
        call("Reveal", Map.of("enrolment", enrolment, "workstationNonce", base64(nonce)));
        String own = Exchange.code(boxId, root.getEncoded(), publicKey, role, label, boxNonce, nonce);
        show.accept(own);
        Map<String, Object> granted = approval(enrolment, boxNonce);
        // Only now, and only if the people saw the same code on both sides, is the root trusted and anything stored.
        if (!confirm.test(own)) {
            throw new SecurityException("the code was not confirmed");
        }
        return store(granted, folder);
    }

    /** The token leaves only for a box whose root has this fingerprint (SHA-256, hex). */
    String byToken(String token, String fingerprint, String label, Path folder) throws Exception {
        byte[] seen = MessageDigest.getInstance("SHA-256").digest(root.getEncoded());
        if (!HexFormat.of().formatHex(seen).equalsIgnoreCase(fingerprint)) {
            throw new SecurityException("the root of the box is not the one that came with the token");
        }
        String request = base64(Exchange.certificateRequest(keys));
        return store(call("RedeemToken", Map.of("token", token, "label", label, "certificateRequest", request)), folder);
    }

    private Map<String, Object> approval(String enrolment, byte[] boxNonce) throws Exception {
        for (long sequence = 1; ; sequence++) {
            byte[] proof = Exchange.pollSignature(enrolment, boxNonce, sequence, keys.getPrivate());
            Map<String, Object> answer = call("Poll", Map.of(
                    "enrolment", enrolment, "sequence", Long.toString(sequence), "signature", base64(proof)));
            Object state = answer.get("state");
            if ("ENROLMENT_STATE_APPROVED".equals(state)) {
                return answer;
            }
            if (!"ENROLMENT_STATE_PENDING".equals(state)) {
                throw new SecurityException("not enrolled: " + state);
            }
            Thread.sleep(POLL_MILLISECONDS);
        }
    }

    private String store(Map<String, Object> granted, Path folder) throws Exception {
        X509Certificate certificate = Box.certificate(bytes(granted.get("certificate")));
        certificate.verify(root.getPublicKey());
        boolean own = Arrays.equals(certificate.getPublicKey().getEncoded(), keys.getPublic().getEncoded());
        if (!own || !Arrays.equals(root.getEncoded(), bytes(granted.get("root")))) {
            throw new SecurityException("the certificate is for another key or of another site");
        }
        Files.createDirectories(folder, permissions("rwx------"));
        keep(folder.resolve("key.pem"), pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
        keep(folder.resolve("certificate.pem"), pem("CERTIFICATE", certificate.getEncoded()));
        keep(folder.resolve("root.pem"), pem("CERTIFICATE", root.getEncoded()));
        keep(folder.resolve("box-id"), boxId);
        return granted.get("workstation").toString();
    }

    private Map<String, Object> call(String method, Map<String, ?> message) throws Exception {
        return door.call(EXCHANGE + method, message);
    }

    private static X509Certificate[] presented(String host, int port) throws Exception {
        try (SSLSocket socket = (SSLSocket) Tls.looking().getSocketFactory().createSocket(host, port)) {
            socket.setSoTimeout(10_000);
            socket.startHandshake();
            return (X509Certificate[]) socket.getSession().getPeerCertificates();
        }
    }

    private static void keep(Path file, String text) throws Exception {
        Files.deleteIfExists(file);
        Files.createFile(file, permissions("rw-------"));
        Files.writeString(file, text);
    }

    private static FileAttribute<?> permissions(String words) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(words));
    }

    private static String pem(String kind, byte[] der) {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n";
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static byte[] bytes(Object base64) {
        return Base64.getDecoder().decode(base64.toString());
    }
}
