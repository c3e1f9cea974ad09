import java.io.IOException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

import joptsimple.OptionSet;

import org.elasticsearch.Build;
import org.elasticsearch.cli.ProcessInfo;
import org.elasticsearch.cli.Terminal;
import org.elasticsearch.common.cli.EnvironmentAwareCommand;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.network.NetworkService;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.ssl.SslConfiguration;
import org.elasticsearch.common.ssl.SslVerificationMode;
import org.elasticsearch.common.transport.PortsRange;
import org.elasticsearch.discovery.DiscoveryModule;
import org.elasticsearch.env.Environment;
import org.elasticsearch.http.HttpTransportSettings;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.xpack.core.XPackClientPlugin;
import org.elasticsearch.xpack.core.XPackSettings;
import org.elasticsearch.xpack.core.ssl.SSLService;
import org.elasticsearch.xpack.security.Security;

/**
 * Says of folders what Elasticsearch makes of what is in them, without a node: each holds the environment of a container (env) and its arguments (args), NUL
 * after each, and the file system of the container (root). Settings come together as in the official image. It prints "required" for a node that
 * everybody can reach, and that lets in nobody without a certificate, "open: why" or "refused: why".
 */
public class Judge {
    private static Set<Setting<?>> known;

    public static void main(String[] folders) throws Exception {
        LogConfigurator.configureESLogging();
        known = registered();
        for (String folder : folders) {
            String answer;
            try {
                answer = judge(Path.of(folder));
            } catch (Exception e) {
                answer = "refused: " + e;
                for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                    answer += ": " + cause.getMessage();
                }
            }
            System.out.println(answer.replace('\n', ' '));
        }
    }

    /** The command line of the image. */
    private static class Image extends EnvironmentAwareCommand {
        Image() {
            super("judge");
        }

        @Override
        protected Build.Type getBuildType() {
            return Build.Type.DOCKER;
        }

        @Override
        public void execute(Terminal terminal, OptionSet options, Environment env, ProcessInfo info) {
        }

        Environment made(String[] args, ProcessInfo info) throws Exception {
            return createEnv(parser.parse(args), info);
        }
    }

    private static List<String> lines(Path file) throws IOException {
        String text = Files.readString(file);
        return text.isEmpty() ? List.of() : Arrays.asList(text.substring(0, text.length() - 1).split("\0", -1));
    }

    private static String judge(Path folder) throws Exception {
        Map<String, String> env = new HashMap<>();
        for (String line : lines(folder.resolve("env"))) {
            String[] words = line.split("=", 2);
            env.put(words[0], words[1]);
        }
        Path home = folder.resolve("root/usr/share/elasticsearch");
        Path config = home.resolve("config");
        if (env.containsKey("ES_PATH_CONF")) {
            config = Path.of(env.get("ES_PATH_CONF"));
        }
        Map<String, String> system = Map.of("es.path.home", home.toString(), "es.path.conf", config.toString());
        Environment made = new Image().made(lines(folder.resolve("args")).toArray(new String[0]), new ProcessInfo(system, env, folder));
        Settings settings = made.settings();
        new ClusterSettings(settings, known).validate(settings, true);
        for (Setting<?> setting : known) {
            if (settings.keySet().contains(setting.getKey())) {
                Object value = setting.get(settings);
                if (setting.getKey().equals("transport.port")) { // which is a text until the node listens
                    new PortsRange(value.toString()).ports();
                }
            }
        }
        return judge(settings, made, config);
    }

    private static String judge(Settings settings, Environment made, Path config) throws Exception {
        boolean security = XPackSettings.SECURITY_ENABLED.get(settings);
        SSLService ssl = new SSLService(made); // reads all keys and certificates
        boolean transport = XPackSettings.TRANSPORT_SSL_ENABLED.get(settings);
        if (security && !transport && !DiscoveryModule.isSingleNodeDiscovery(settings)) { // TransportTLSBootstrapCheck
            return "refused: the transport has no TLS";
        }
        if (!security) {
            return "open: no security";
        }
        if (!XPackSettings.HTTP_SSL_ENABLED.get(settings)) {
            return "open: plain HTTP";
        }
        SslConfiguration http = ssl.getHttpTransportSSLConfiguration();
        for (Path file : http.getDependentFiles()) { // what a node may read is in its policy
            if (!file.normalize().startsWith(config.normalize())) {
                return "refused: " + file + " is not below " + config;
            }
        }
        List<String> hosts = HttpTransportSettings.SETTING_HTTP_BIND_HOST.get(settings);
        if (hosts.isEmpty()) {
            hosts = NetworkService.GLOBAL_NETWORK_BIND_HOST_SETTING.get(settings);
        }
        InetAddress[] addresses = new NetworkService(List.of()).resolveBindHostAddresses(hosts.toArray(new String[0]));
        if (Arrays.stream(addresses).allMatch(InetAddress::isLoopbackAddress)) {
            return "refused: loopback only";
        }
        HttpTransportSettings.SETTING_HTTP_PORT.get(settings).ports();
        String port = HttpTransportSettings.SETTING_HTTP_PORT.get(settings).getPortRangeString();
        if (!port.matches("9200(-.*)?")) {
            return "refused: port " + port;
        }
        handshake(http);
        String other = "xpack.security.remote_cluster_server.ssl.";
        if (settings.getAsBoolean("remote_cluster_server.enabled", false) // its port serves the API too
            && (settings.getAsBoolean(other + "enabled", true) == false
                || settings.get(other + "client_authentication", "none").equalsIgnoreCase("required") == false
                || settings.get(other + "verification_mode", "full").equalsIgnoreCase("none"))) {
            return "open: the port for other clusters";
        }
        if (http.verificationMode() == SslVerificationMode.NONE) {
            return "open: takes any certificate";
        }
        return http.clientAuth().toString().equalsIgnoreCase("required") ? "required" : "open: " + http.clientAuth();
    }

    /** Fails where nobody can come to an agreement with the node, whatever he trusts: the key fits the certificate, and there is a cipher for it. */
    private static void handshake(SslConfiguration http) throws Exception {
        SSLEngine server = http.createSslContext().createSSLEngine();
        server.setUseClientMode(false);
        server.setEnabledProtocols(http.supportedProtocols().toArray(new String[0]));
        server.setEnabledCipherSuites(http.getCipherSuites().toArray(new String[0]));
        SSLContext trusting = SSLContext.getInstance("TLS");
        trusting.init(null, new TrustManager[] { new Trusting() }, null);
        SSLEngine client = trusting.createSSLEngine();
        client.setUseClientMode(true);
        ByteBuffer toServer = ByteBuffer.allocate(1 << 16), toClient = ByteBuffer.allocate(1 << 16);
        for (int i = 0; i < 100; i++) {
            step(client, toClient, toServer);
            step(server, toServer, toClient);
            if (finished(client) && finished(server)) {
                return;
            }
        }
        throw new IllegalStateException("the handshake does not end");
    }

    private static boolean finished(SSLEngine engine) {
        return engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING && engine.getSession().getProtocol().startsWith("TLS");
    }

    private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws Exception {
        ByteBuffer plain = ByteBuffer.allocate(1 << 16);
        in.flip();
        if (in.hasRemaining()) {
            engine.unwrap(in, plain);
        }
        in.compact();
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
        if (engine.getHandshakeStatus() != HandshakeStatus.NEED_UNWRAP) {
            engine.wrap(ByteBuffer.allocate(0), out);
        }
    }

    private static class Trusting extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private static Set<Setting<?>> registered() throws Exception {
        Map<String, Setting<?>> all = new TreeMap<>();
        add(all, ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        add(all, ofSecurity());
        add(all, new XPackClientPlugin().getSettings());
        add(all, new Netty4Plugin().getSettings());
        return Set.copyOf(all.values());
    }

    private static void add(Map<String, Setting<?>> all, Iterable<? extends Setting<?>> some) {
        for (Setting<?> setting : some) {
            if (setting.hasNodeScope()) {
                all.put(setting.getKey(), setting);
            }
        }
    }

    /** Version 9 takes them from an extension too, which it finds when it starts. */
    @SuppressWarnings("unchecked")
    private static Iterable<Setting<?>> ofSecurity() throws Exception {
        for (Method method : Security.class.getDeclaredMethods()) {
            if (!method.getName().equals("getSettings") || method.getParameterCount() == 0) {
                continue;
            }
            method.setAccessible(true);
            if (method.getParameterCount() == 1) {
                return (Iterable<Setting<?>>) method.invoke(null, List.of());
            }
            Class<?> provider = Class.forName("org.elasticsearch.xpack.security.transport.CrossClusterAccessSecurityExtension$Provider");
            return (Iterable<Setting<?>>) method.invoke(null, List.of(), provider.getConstructor().newInstance());
        }
        throw new IllegalStateException("security registers no settings");
    }
}
