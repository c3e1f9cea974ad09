package dev.elkmtls.boot;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

import org.elasticsearch.bootstrap.ServerArgs;
import org.elasticsearch.common.io.stream.OutputStreamStreamOutput;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;

/**
 * What bin/elasticsearch does before it hands over to the server: reads elasticsearch.yml, lays the -E settings over
 * it, and writes to stdout the ServerArgs that the server reads from its stdin.
 *
 * <pre>Boot HOME [SETTING=VALUE ...]      stdin: the keystore, a line "NAME BASE64" for each secret</pre>
 *
 * A keystore that exists is kept: secrets on stdin count when the node is new.
 */
public final class Boot {
    private static final char[] NO_PASSWORD = new char[0];

    private Boot() {}

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        Path config = home.resolve("config");
        Map<String, String> overrides = new LinkedHashMap<>();
        for (int i = 1; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            overrides.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
        overrides.put("path.home", home.toString());

        KeyStoreWrapper keystore = keystore(config);
        Environment environment = InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, overrides, config, () -> "node");
        // Not a daemon: the server then stops by itself when its stdin ends, that is, when whoever started it is gone.
        boolean daemonize = false;
        ServerArgs server = new ServerArgs(
            daemonize, false, null, keystore, environment.settings(), environment.configDir(), home.resolve("logs"));
        try (OutputStreamStreamOutput out = new OutputStreamStreamOutput(System.out)) {
            server.writeTo(out);
        }
    }

    private static KeyStoreWrapper keystore(Path config) throws Exception {
        KeyStoreWrapper keystore = KeyStoreWrapper.load(config);
        if (keystore != null) {
            keystore.decrypt(NO_PASSWORD);
            return keystore;
        }
        keystore = KeyStoreWrapper.create();
        BufferedReader secrets = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = secrets.readLine(); line != null; line = secrets.readLine()) {
            String[] secret = line.split(" ", 2);
            String value = new String(Base64.getDecoder().decode(secret[1]), StandardCharsets.UTF_8);
            keystore.setString(secret[0], value.toCharArray());
        }
        keystore.save(config, NO_PASSWORD);
        return keystore;
    }
}
