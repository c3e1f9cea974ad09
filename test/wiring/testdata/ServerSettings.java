import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.xpack.core.XPackClientPlugin;
import org.elasticsearch.xpack.security.Security;

/**
 * Without arguments it prints the names of the settings of a node that the server, its transport, x-pack-core and security register. With
 * folders that hold an elasticsearch.yml, and perhaps a setting that overrides it, it prints for each what Elasticsearch makes of these: "ok",
 * or why they are refused.
 */
public class ServerSettings {
    public static void main(String[] folders) throws Exception {
        LogConfigurator.configureESLogging();
        Map<String, Setting<?>> all = new TreeMap<>();
        add(all, ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        add(all, ofSecurity());
        add(all, new XPackClientPlugin().getSettings());
        add(all, new Netty4Plugin().getSettings());
        if (folders.length == 0) {
            all.keySet().forEach(System.out::println);
        }
        for (String folder : folders) {
            System.out.println(read(Path.of(folder), Set.copyOf(all.values())));
        }
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
                return (Iterable<Setting<?>>) method.invoke(null, java.util.List.of());
            }
            Class<?> provider = Class.forName("org.elasticsearch.xpack.security.transport.CrossClusterAccessSecurityExtension$Provider");
            return (Iterable<Setting<?>>) method.invoke(null, java.util.List.of(), provider.getConstructor().newInstance());
        }
        throw new IllegalStateException("security registers no settings");
    }

    /** As a node does when it starts: the file, then each setting by its name, then the values. */
    private static String read(Path folder, Set<Setting<?>> all) {
        try {
            Map<String, String> home = new HashMap<>(Map.of("path.home", folder.toString()));
            Path overrides = folder.resolve("overrides");
            if (Files.exists(overrides)) { // of the command line or the environment: NAME=VALUE
                String[] words = Files.readString(overrides).split("=", 2);
                home.put(words[0], words[1]);
            }
            Settings settings = InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, home, folder, () -> "node").settings();
            new ClusterSettings(settings, all).validate(settings, true);
            for (Setting<?> setting : all) {
                if (settings.keySet().contains(setting.getKey())) {
                    setting.get(settings);
                }
            }
            return "ok";
        } catch (Exception e) {
            return String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }
}
