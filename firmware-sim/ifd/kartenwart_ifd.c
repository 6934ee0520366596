/*
 * A card reader with a PIN pad for pcscd, without hardware: an IFD handler 3.0 that passes everything on to a simulated
 * reader behind a UNIX socket. What is typed at the pad is typed there; this handler and the callers of pcscd never see it.
 *
 * Frames both ways: length (4 bytes, big-endian), then that many bytes. A request is an operation (1 byte) and its data,
 * an answer a response code of ifdhandler.h (2 bytes, big-endian) and its data:
 *
 *   'S' is a card there   'U' power up (ATR)   'R' reset (ATR)   'D' power down   'T' transmit an APDU
 *   'V' FEATURE_VERIFY_PIN_DIRECT   'M' FEATURE_MODIFY_PIN_DIRECT   'L' FEATURE_GET_TLV_PROPERTIES
 *   'E' from now on this connection only tells, by one byte each, that a card has come or gone
 *
 * reader.conf: DEVICENAME is the path of the socket. A socket that is gone is a reader that was unplugged; pcscd keeps such
 * a reader's name, so the handler looks for the socket again whenever pcscd asks for the card.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ifdhandler.h>
#include <reader.h>

#define READERS PCSCLITE_MAX_READERS_CONTEXTS
#define LONGEST (MAX_BUFFER_SIZE_EXTENDED + 64)
#define VERIFY_CODE SCARD_CTL_CODE(1)
#define MODIFY_CODE SCARD_CTL_CODE(2)
#define PROPERTIES_CODE SCARD_CTL_CODE(3)

#define PAUSE_MILLISECONDS 200

struct reader {
	char path[108];
	pthread_mutex_t lock; /* one exchange at a time; other readers go on meanwhile */
	int line;             /* -1: unplugged */
	pthread_mutex_t changes_lock;
	int changes; /* where it tells that a card has come or gone; opened, read and closed by pcscd's event thread only */
	int stopping;
	unsigned char atr[MAX_ATR_SIZE];
	DWORD atr_length;
};

static struct reader readers[READERS];

static struct reader *reader_of(DWORD lun)
{
	return lun >> 16 < READERS && (lun & 0xFFFF) == 0 ? &readers[lun >> 16] : NULL;
}

static int send_all(int line, const void *data, size_t length)
{
	const char *at = data;
	while (length > 0) {
		ssize_t sent = send(line, at, length, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -1;
		at += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int receive_all(int line, void *data, size_t length)
{
	char *at = data;
	while (length > 0) {
		ssize_t got = recv(line, at, length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		at += got;
		length -= (size_t)got;
	}
	return 0;
}

static int send_request(int line, unsigned char operation, const void *data, size_t length)
{
	unsigned char head[5];
	uint32_t size = htonl((uint32_t)length + 1);
	memcpy(head, &size, 4);
	head[4] = operation;
	return send_all(line, head, sizeof head) || send_all(line, data, length) ? -1 : 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int line = strlen(path) < sizeof address.sun_path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
	if (line < 0)
		return -1;
	strcpy(address.sun_path, path);
	if (connect(line, (struct sockaddr *)&address, sizeof address) == 0)
		return line;
	close(line);
	return -1;
}

static void wake(struct reader *reader)
{
	pthread_mutex_lock(&reader->changes_lock);
	if (reader->changes >= 0)
		shutdown(reader->changes, SHUT_RDWR);
	pthread_mutex_unlock(&reader->changes_lock);
}

static void unplug(struct reader *reader)
{
	if (reader->line >= 0)
		close(reader->line);
	reader->line = -1;
	wake(reader); /* so that pcscd asks for the card, and with that for the reader, before ten minutes are over */
}

/* Reads an answer into `data`, of which `*length` bytes are free, and says how many came. */
static RESPONSECODE read_answer(int line, unsigned char *data, DWORD *length)
{
	unsigned char head[6];
	uint32_t size;
	uint16_t code;
	if (receive_all(line, head, sizeof head))
		return IFD_NO_SUCH_DEVICE;
	memcpy(&size, head, 4);
	memcpy(&code, head + 4, 2);
	size = ntohl(size) - 2;
	if (size > LONGEST)
		return IFD_NO_SUCH_DEVICE;
	if (size > *length) { /* what does not fit is read and dropped, so that the next answer is found */
		unsigned char dropped;
		for (; size > 0; size--)
			if (receive_all(line, &dropped, 1))
				return IFD_NO_SUCH_DEVICE;
		*length = 0;
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	}
	*length = size;
	return receive_all(line, data, size) ? IFD_NO_SUCH_DEVICE : ntohs(code);
}

static RESPONSECODE ask(struct reader *reader, unsigned char operation, const void *data, size_t length,
			unsigned char *answer, DWORD *answer_length)
{
	RESPONSECODE code = IFD_NO_SUCH_DEVICE;
	pthread_mutex_lock(&reader->lock);
	if (reader->line < 0 && operation == 'S')
		reader->line = connect_to(reader->path);
	if (reader->line >= 0 && send_request(reader->line, operation, data, length) == 0)
		code = read_answer(reader->line, answer, answer_length);
	if (code == IFD_NO_SUCH_DEVICE) {
		*answer_length = 0;
		unplug(reader);
	}
	pthread_mutex_unlock(&reader->lock);
	return code;
}

static void set_changes(struct reader *reader, int line)
{
	pthread_mutex_lock(&reader->changes_lock);
	if (reader->changes >= 0)
		close(reader->changes);
	reader->changes = line;
	if (reader->stopping && line >= 0)
		shutdown(line, SHUT_RDWR);
	pthread_mutex_unlock(&reader->changes_lock);
}

static int open_changes(struct reader *reader)
{
	int line = connect_to(reader->path);
	if (line >= 0 && send_request(line, 'E', "", 0)) {
		close(line);
		line = -1;
	}
	set_changes(reader, line);
	return line;
}

/* pcscd's own thread per reader waits here instead of asking every 400 ms. */
static RESPONSECODE wait_for_change(DWORD lun, int milliseconds)
{
	struct reader *reader = reader_of(lun);
	int line = reader->changes;
	struct pollfd told = {.fd = line, .events = POLLIN};
	char bytes[64];
	if (line < 0) {
		if (open_changes(reader) >= 0)
			return IFD_SUCCESS; /* whatever changed before was not told */
		poll(NULL, 0, PAUSE_MILLISECONDS);
		return IFD_NO_SUCH_DEVICE;
	}
	if (poll(&told, 1, milliseconds) > 0 && recv(line, bytes, sizeof bytes, 0) <= 0) {
		set_changes(reader, -1);
		return IFD_NO_SUCH_DEVICE;
	}
	return IFD_SUCCESS;
}

static RESPONSECODE stop_waiting(DWORD lun)
{
	struct reader *reader = reader_of(lun);
	reader->stopping = 1;
	wake(reader);
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
	struct reader *reader = reader_of(lun);
	if (reader == NULL || strlen(name) >= sizeof reader->path)
		return IFD_COMMUNICATION_ERROR;
	memset(reader, 0, sizeof *reader);
	strcpy(reader->path, name);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_mutex_init(&reader->changes_lock, NULL);
	reader->changes = -1;
	reader->line = connect_to(name); /* when there is none yet, the reader is plugged in later */
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
	(void)lun, (void)channel;
	return IFD_NOT_SUPPORTED; /* a socket has a name */
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
	struct reader *reader = reader_of(lun);
	if (reader == NULL)
		return IFD_COMMUNICATION_ERROR;
	unplug(reader);
	set_changes(reader, -1);
	pthread_mutex_destroy(&reader->changes_lock);
	pthread_mutex_destroy(&reader->lock);
	return IFD_SUCCESS;
}

static RESPONSECODE tell(const void *value, DWORD size, DWORD *length, UCHAR *out)
{
	if (*length < size)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(out, value, size);
	*length = size;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
	static const UCHAR yes = 1, many = READERS;
	RESPONSECODE (*const wait)(DWORD, int) = wait_for_change;
	RESPONSECODE (*const stop)(DWORD) = stop_waiting;
	struct reader *reader = reader_of(lun);
	switch (tag) {
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING:
		return reader ? tell(reader->atr, reader->atr_length, length, value) : IFD_COMMUNICATION_ERROR;
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return tell(&many, 1, length, value);
	case TAG_IFD_THREAD_SAFE:
	case TAG_IFD_SLOTS_NUMBER:
		return tell(&yes, 1, length, value);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return tell(&wait, sizeof wait, length, value);
	case TAG_IFD_STOP_POLLING_THREAD:
		return tell(&stop, sizeof stop, length, value);
	default:
		return IFD_ERROR_TAG;
	}
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
	(void)lun, (void)tag, (void)length, (void)value;
	return IFD_ERROR_TAG;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1, UCHAR pts2, UCHAR pts3)
{
	(void)lun, (void)protocol, (void)flags, (void)pts1, (void)pts2, (void)pts3;
	return IFD_SUCCESS; /* no line to agree upon */
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD length)
{
	struct reader *reader = reader_of(lun);
	unsigned char operation = action == IFD_POWER_UP ? 'U' : action == IFD_RESET ? 'R' : 'D';
	RESPONSECODE code;
	*length = 0;
	if (reader == NULL)
		return IFD_COMMUNICATION_ERROR;
	reader->atr_length = sizeof reader->atr;
	code = ask(reader, operation, "", 0, reader->atr, &reader->atr_length);
	if (code != IFD_SUCCESS) {
		reader->atr_length = 0;
		return code;
	}
	memcpy(atr, reader->atr, reader->atr_length);
	*length = reader->atr_length;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send_pci, PUCHAR command, DWORD command_length, PUCHAR answer,
			       PDWORD answer_length, PSCARD_IO_HEADER receive_pci)
{
	struct reader *reader = reader_of(lun);
	if (reader == NULL) {
		*answer_length = 0;
		return IFD_COMMUNICATION_ERROR;
	}
	if (receive_pci != NULL)
		receive_pci->Protocol = send_pci.Protocol;
	return ask(reader, 'T', command, command_length, answer, answer_length);
}

static RESPONSECODE list_features(UCHAR *out, DWORD size, DWORD *length)
{
	static const struct { uint8_t feature; uint32_t code; } features[] = {
		{FEATURE_VERIFY_PIN_DIRECT, VERIFY_CODE},
		{FEATURE_MODIFY_PIN_DIRECT, MODIFY_CODE},
		{FEATURE_GET_TLV_PROPERTIES, PROPERTIES_CODE},
	};
	PCSC_TLV_STRUCTURE list[sizeof features / sizeof features[0]];
	for (size_t each = 0; each < sizeof features / sizeof features[0]; each++)
		list[each] = (PCSC_TLV_STRUCTURE){features[each].feature, 4, htonl(features[each].code)};
	*length = size;
	return tell(list, sizeof list, length, out);
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR data, DWORD length, PUCHAR answer, DWORD size, LPDWORD answered)
{
	struct reader *reader = reader_of(lun);
	*answered = 0;
	if (reader == NULL)
		return IFD_COMMUNICATION_ERROR;
	if (code == CM_IOCTL_GET_FEATURE_REQUEST)
		return list_features(answer, size, answered);
	if (code != VERIFY_CODE && code != MODIFY_CODE && code != PROPERTIES_CODE)
		return IFD_ERROR_NOT_SUPPORTED;
	*answered = size;
	return ask(reader, code == VERIFY_CODE ? 'V' : code == MODIFY_CODE ? 'M' : 'L', data, length, answer, answered);
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	struct reader *reader = reader_of(lun);
	unsigned char nothing[1];
	DWORD length = sizeof nothing;
	return reader ? ask(reader, 'S', "", 0, nothing, &length) : IFD_COMMUNICATION_ERROR;
}
