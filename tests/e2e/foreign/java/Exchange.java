import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.HexFormat;

/** What an enrolment computes (EnrolmentExchangeService's comment): commitment, code, proof of a poll, PKCS#10. */
final class Exchange {
    private Exchange() {}

    static byte[] commitment(byte[] nonce, byte[] publicKey, String role, String label) throws GeneralSecurityException {
        return sha256(bytes("kartenwart-commit-1"), nonce, publicKey, bytes(role), bytes(label));
    }

    /** The six digits that people compare; `root` is the certificate seen in TLS, DER. */
    static String code(
            String boxId, byte[] root, byte[] publicKey, String role, String label, byte[] boxNonce, byte[] nonce)
            throws GeneralSecurityException {
        byte[] digest = sha256(
                bytes("kartenwart-enrol-1"), bytes(boxId), root, publicKey, bytes(role), bytes(label), boxNonce, nonce);
        return String.format("%06d", new BigInteger(1, digest).mod(BigInteger.valueOf(1_000_000)).intValue());
    }

    static byte[] pollSignature(String enrolment, byte[] boxNonce, long sequence, PrivateKey key)
            throws GeneralSecurityException {
        byte[] number = ByteBuffer.allocate(8).putLong(sequence).array();
        return signature(key, prefixed(bytes("kartenwart-poll-1"), bytes(enrolment), boxNonce, number));
    }

    /** PKCS#10, DER. Its subject is empty: the box decides on every name in the certificate. */
    static byte[] certificateRequest(KeyPair keys) throws GeneralSecurityException {
        byte[] wanted = der(0x30, der(0x02, new byte[1]), der(0x30), keys.getPublic().getEncoded(), der(0xa0));
        byte[] ecdsaWithSha256 = der(0x30, der(0x06, HexFormat.of().parseHex("2a8648ce3d040302")));
        byte[] signature = der(0x03, new byte[1], signature(keys.getPrivate(), wanted));
        return der(0x30, wanted, ecdsaWithSha256, signature);
    }

    private static byte[] signature(PrivateKey key, byte[] message) throws GeneralSecurityException {
        Signature signing = Signature.getInstance("SHA256withECDSA");
        signing.initSign(key);
        signing.update(message);
        return signing.sign();
    }

    private static byte[] sha256(byte[]... fields) throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256").digest(prefixed(fields));
    }

    /** The fields one after the other, each behind its length in four bytes. */
    private static byte[] prefixed(byte[]... fields) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] field : fields) {
            out.writeBytes(ByteBuffer.allocate(4).putInt(field.length).array());
            out.writeBytes(field);
        }
        return out.toByteArray();
    }

    /** One DER element; nothing here is longer than 65535 bytes. */
    private static byte[] der(int tag, byte[]... parts) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            body.writeBytes(part);
        }
        int size = body.size();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (size >= 256) {
            out.writeBytes(new byte[] {(byte) 0x82, (byte) (size >> 8)});
        } else if (size >= 128) {
            out.write(0x81);
        }
        out.write(size);
        out.writeBytes(body.toByteArray());
        return out.toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
