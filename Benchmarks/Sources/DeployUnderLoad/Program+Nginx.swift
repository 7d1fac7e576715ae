extension Program {
    /// Answers, serves a file slowly, takes uploads by WebDAV; its access log counts the posts.
    static let nginx = Program(
        name: "nginx",
        port: 18_481,
        project: """
            mkdir -p conf www
            head -c 20480 /dev/zero | tr '\\0' a > www/slow
            for name in well broken; do cat > conf/$name.conf <<'END'
            worker_processes 1;
            pid /tmp/nginx.pid;
            error_log stderr warn;
            events { worker_connections 1000; }
            http {
              map $request_method $is_post { POST 1; default 0; }
              log_format posts $request_uri;
              access_log /var/lib/app/posts.log posts if=$is_post;
              client_body_temp_path /tmp/body;
              proxy_temp_path /tmp/proxy;
              fastcgi_temp_path /tmp/fastcgi;
              uwsgi_temp_path /tmp/uwsgi;
              scgi_temp_path /tmp/scgi;
              server {
                listen 8080;
                location = / { return 200 "well\\n"; }
                location = /healthz { return 200 "ok\\n"; }
                location /posts/ { return 201 "kept\\n"; }
                location = /slow { root /srv/www; limit_rate 1k; }
                location /uploads/ { root /var/lib/app; dav_methods PUT; create_full_put_path on; client_max_body_size 8m; }
              }
            }
            END
            done
            sed -i 's|/healthz { return 200|/healthz { return 503|' conf/broken.conf
            """,
        packages: ["nginx"],
        image: """
            files: [{source: www, target: /srv/www}]
            entrypoint: [/usr/sbin/nginx, -e, stderr, -g, "daemon off;", -c, /etc/app/nginx.conf]
            stop: {signal: QUIT, grace: 5s}
            """,
        files: (
            well: "[{source: conf/well.conf, target: /etc/app/nginx.conf}]",
            broken: "[{source: conf/broken.conf, target: /etc/app/nginx.conf}]"
        ),
        mix: Mix(
            rate: 0,
            path: "/",
            post: ("POST", "/posts/#", 201),
            slow: 4,
            slowPath: "/slow",
            uploads: 2,
            upload: ("PUT", "/uploads/#")
        ),
        posts: "sed 's|^/posts/||' data/posts.log; rm -rf data/uploads"
    )
}
