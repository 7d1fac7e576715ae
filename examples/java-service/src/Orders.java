import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * Takes orders over HTTP and keeps them, one file each, on a volume that all instances share.
 *
 * <pre>
 *   GET /             the version, the instance, and how many orders there are
 *   PUT /orders/ID    keeps the body; 201 means that it is on disk, 200 that the same order was there before
 *   GET /orders/ID    the order
 *   GET /healthz      200 when the code is warm, the volume can be written, and no stop was asked for
 * </pre>
 */
public final class Orders {
    private static final int LIMIT = 64 * 1024;
    private static final int WARM_REQUESTS = 1500;
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,64}");

    private final Path state = Path.of(environment("ORDERS_STATE", "/var/lib/orders"));
    private final String version = environment("ORDERS_VERSION", "0");
    private final int port = Integer.parseInt(environment("ORDERS_PORT", "8080"));
    private final String host = InetAddress.getLocalHost().getHostName();
    /** One party for the server itself, and one for each request in flight. */
    private final Phaser inFlight = new Phaser(1);
    private volatile boolean warm;
    private volatile boolean stopping;

    private Orders() throws IOException {}

    public static void main(String[] arguments) throws IOException {
        new Orders().serve();
    }

    private void serve() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 256);
        ExecutorService threads = Executors.newFixedThreadPool(16);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        // TERM runs this. Requests in flight are answered; the balancer sends no new ones by then.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping = true;
            awaitRequests();
            server.stop(0);
            threads.shutdown();
            System.out.println("orders ends");
        }));
        server.start();
        System.out.printf("orders %s listens on %d, heap of at most %d MiB%n",
            version, port, Runtime.getRuntime().maxMemory() >> 20);
        try {
            warmUp();
        } catch (IOException | RuntimeException failure) {
            System.out.println("orders begins cold: " + failure);
        }
        warm = true;
    }

    /**
     * Asks itself for what is no order until the code that answers is compiled: nobody else gets the slow answers of code that
     * runs for the first time.
     */
    private void warmUp() throws IOException {
        URL url = new URL("http", "127.0.0.1", port, "/orders/_");
        for (int asked = 0; asked < WARM_REQUESTS; asked++) {
            HttpURLConnection connection = (HttpURLConnection) url.openConnection();
            connection.getResponseCode();
            try (var body = connection.getErrorStream()) {
                body.readAllBytes();
            }
        }
    }

    private void awaitRequests() {
        int phase = inFlight.arriveAndDeregister();
        try {
            inFlight.awaitAdvanceInterruptibly(phase, 8, TimeUnit.SECONDS);
        } catch (InterruptedException | TimeoutException late) {
            System.out.println("orders ends with requests in flight");
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        inFlight.register();
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.startsWith("/orders/")) {
                order(exchange, path.substring("/orders/".length()));
            } else if (path.equals("/healthz")) {
                boolean isWell = warm && !stopping && Files.isWritable(state);
                answer(exchange, isWell ? 200 : 503, isWell ? "ok\n" : "not now\n");
            } else if (path.equals("/")) {
                answer(exchange, 200, "orders " + version + ": " + count() + " orders, " + host + "\n");
            } else {
                answer(exchange, 404, "no such page\n");
            }
        } catch (IOException | RuntimeException failure) {
            // Who asks for health may hang up as soon as it knows the status.
            if (exchange.getRequestURI().getPath().equals("/healthz")) {
                return;
            }
            System.out.println(exchange.getRequestMethod() + " " + exchange.getRequestURI() + ": " + failure);
            throw failure;
        } finally {
            inFlight.arriveAndDeregister();
        }
    }

    private void order(HttpExchange exchange, String id) throws IOException {
        if (!ID.matcher(id).matches()) {
            answer(exchange, 400, "an order's ID is 1 to 64 letters, digits and dashes\n");
            return;
        }
        Path file = state.resolve(id);
        switch (exchange.getRequestMethod()) {
            case "GET" -> {
                if (Files.exists(file)) {
                    answer(exchange, 200, Files.readString(file));
                } else {
                    answer(exchange, 404, "no such order\n");
                }
            }
            case "PUT" -> {
                byte[] body = exchange.getRequestBody().readNBytes(LIMIT + 1);
                if (body.length > LIMIT) {
                    answer(exchange, 413, "an order has at most 64 KiB\n");
                    return;
                }
                boolean isNew = !Files.exists(file);
                keep(file, body);
                answer(exchange, isNew ? 201 : 200, id + "\n");
            }
            default -> answer(exchange, 405, "GET or PUT\n");
        }
    }

    /** Writes the order beside its place, syncs, renames: an acknowledged order survives a crash. */
    private void keep(Path file, byte[] body) throws IOException {
        Path temporary = state.resolve("." + file.getFileName() + "." + UUID.randomUUID());
        try (FileChannel channel =
            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer rest = ByteBuffer.wrap(body);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel folder = FileChannel.open(state, StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    private long count() throws IOException {
        try (var names = Files.list(state)) {
            return names.filter(name -> ID.matcher(name.getFileName().toString()).matches()).count();
        }
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    private static String environment(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : value;
    }
}
